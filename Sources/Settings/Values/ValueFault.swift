/// A text is not a value of the kind that was asked for.
///
/// It never repeats the text, which may be a secret: who reports it adds the text if that is harmless.
public struct ValueFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, as the rest of a sentence whose subject is the text: "is not a whole number".
    public let reason: String
    /// What to write instead: "give a whole number from 1 to 65535".
    public let remedy: String

    init(_ reason: String, remedy: String = "") {
        self.reason = reason
        self.remedy = remedy
    }

    /// The reason and the remedy.
    public var description: String {
        remedy.isEmpty ? reason : "\(reason); \(remedy)"
    }
}
