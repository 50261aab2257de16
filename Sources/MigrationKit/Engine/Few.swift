/// How many surprising pairs are still few.
enum Few {
    /// Pairs that may change under verify's eyes: more than 20 and more than 1 % are many.
    static func isMany(_ count: Int, of total: Int) -> Bool { count > 20 && count * 100 > total }

    /// Pairs one of whose sides may vanish: 10, or 0.1 %.
    static func ofMissing(_ total: Int) -> Int { max(10, total / 1000) }
}
