/// One side of a pair as it is or was: its content and when it expires.
public struct Side: Sendable, Hashable {
    /// The content; nil for content of a type that is not compared, which equals nothing.
    public var content: Digest?
    /// When it expires, in milliseconds since 1970 by the server's clock; nil for never.
    public var expiry: Int64?

    /// A side with its content and expiry.
    public init(content: Digest?, expiry: Int64?) {
        self.content = content
        self.expiry = expiry
    }

    /// Whether the content is equal; what cannot be compared equals nothing, itself included.
    public func hasContent(of other: Side) -> Bool {
        content != nil && content == other.content
    }

    /// Whether content and expiry are equal.
    public func matches(_ other: Side) -> Bool {
        hasContent(of: other) && expiry == other.expiry
    }
}
