/// How much one pipeline's replies may hold before the peer counts as hostile or broken.
public struct ReplyLimits: Sendable, Equatable {
    /// Most bytes of one pipeline's replies, on the wire.
    public var bytes: Int
    /// Most elements of all arrays of one pipeline's replies.
    public var elements: Int

    /// The limits; 1 GiB and 64 Mi elements unless said otherwise.
    public init(bytes: Int = 1 << 30, elements: Int = 1 << 26) {
        self.bytes = bytes
        self.elements = elements
    }
}
