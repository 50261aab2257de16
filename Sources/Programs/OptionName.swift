import ArgumentParser

extension NameSpecification {
    /// A name with one dash or with two, as the original's options, and a letter if it has one.
    public static func anyDash(_ name: String, letter: Character? = nil) -> NameSpecification {
        let long: [Element] = [.customLong(name), .customLong(name, withSingleDash: true)]
        return NameSpecification((letter.map { [.customShort($0)] } ?? []) + long)
    }
}
