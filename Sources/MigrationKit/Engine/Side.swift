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

    /// Whether content and expiry are equal; expiries that differ by no more than so many milliseconds are.
    public func matches(_ other: Side, within tolerance: Int64 = 0) -> Bool {
        guard hasContent(of: other) else { return false }
        guard let expiry, let end = other.expiry else { return expiry == other.expiry }
        // What an entry says may be anything: the distance of two numbers does not always fit into one of their kind.
        let distance = UInt64(bitPattern: max(expiry, end) &- min(expiry, end))
        return distance <= UInt64(tolerance)
    }
}
