import RedisClient

/// The fence: a number that every new holder raises, with the token of the holder that raised it.
///
/// Compared whole: two holders that each raise 5 to 6 around a failover differ by their tokens.
public struct Epoch: Sendable, Hashable {
    /// Raised by each acquisition.
    public var number: UInt64
    /// The holder's token.
    public var token: String

    /// An epoch of one holder.
    public init(number: UInt64, token: String) {
        self.number = number
        self.token = token
    }

    /// The epoch in these bytes, `<n>:<token>`; nil where they have another form.
    public init?(_ bytes: Bytes) {
        guard let text = String(validating: bytes, as: UTF8.self), let colon = text.firstIndex(of: ":"),
            let number = Bounded(decimal: text[..<colon])
        else { return nil }
        self.init(number: UInt64(number.value), token: String(text[text.index(after: colon)...]))
    }

    /// The epoch of the next holder; nil after the last number.
    func next(token: String) -> Epoch? {
        number < Bounded.most ? Epoch(number: number + 1, token: token) : nil
    }

    /// How it is stored.
    public var bytes: Bytes { Bytes("\(number):\(token)") }
}
