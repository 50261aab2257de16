/// Says what a helper could not do, in a sentence that a failed test can show as it is.
public struct TestSupportError: Error, CustomStringConvertible {
    /// The sentence, with what the helper saw.
    public let description: String

    /// An error with this sentence.
    public init(_ description: String) {
        self.description = description
    }
}
