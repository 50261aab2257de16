/// How much one pipeline's replies may hold before the peer counts as hostile or broken.
///
/// A reply in hand takes about its size on the wire and 24 bytes an element; while it is being read, twice to three
/// times as much.
public struct ReplyLimits: Sendable, Equatable {
    /// Most bytes of one pipeline's replies, on the wire. More than 2 GiB counts as 2 GiB, since hiredis' reader
    /// measures lines in a C int.
    public var bytes: Int
    /// Most bytes of the replies to a pipeline that does not say how many it expects; what is more is `replyTooLarge`. Nil for
    /// as many as there may be at all.
    public var usual: Int?
    /// Most elements of all arrays of one pipeline's replies.
    public var elements: Int

    /// The limits; 1 GiB and 16 Mi elements unless said otherwise.
    public init(bytes: Int = 1 << 30, elements: Int = 1 << 24) {
        self.bytes = bytes
        self.elements = elements
    }
}
