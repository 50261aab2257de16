import Glibc

/// The replies of a pipeline as one flat list of nodes in the order of the wire, and the bytes of their strings.
///
/// Frozen once the pipeline is answered.
@usableFromInline
final class ReplyStorage: Sendable {
    /// One element of a reply, in 24 bytes: a big reply has millions.
    ///
    /// 32 bits suffice, since a pipeline's replies are limited to 2 GiB.
    @usableFromInline
    struct Node: Sendable {
        /// The integer, or how many elements an array has.
        @usableFromInline var number: Int64
        /// Where the string's bytes begin.
        @usableFromInline var offset: UInt32
        /// How many bytes the string has.
        @usableFromInline var length: UInt32
        /// The node after this one's last descendant.
        @usableFromInline var end: UInt32
        @usableFromInline var kind: Reply.Kind
    }

    @usableFromInline let nodes: [Node]
    @usableFromInline let bytes: [UInt8]

    init(nodes: [Node], bytes: [UInt8]) {
        self.nodes = nodes
        self.bytes = bytes
    }

    /// Lends the bytes of a string, status or error; where they are is not for longer.
    @inlinable
    func withContent<Result>(of node: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let node = nodes[node]
        return try bytes.withUnsafeBytes { all in
            let start = Int(node.offset)
            return try body(UnsafeRawBufferPointer(rebasing: all[start..<start + Int(node.length)]))
        }
    }

    /// Whether a node and what is below it say the same as one in another list.
    func hasContent(of node: Int, as otherNode: Int, in other: ReplyStorage) -> Bool {
        let count = Int(nodes[node].end) - node
        guard count == Int(other.nodes[otherNode].end) - otherNode else { return false }
        var length = 0
        for index in 0..<count {
            let (one, two) = (nodes[node + index], other.nodes[otherNode + index])
            guard one.kind == two.kind, one.number == two.number, one.length == two.length else { return false }
            length += Int(one.length)
        }
        // Content stands in the order of the nodes, without gaps.
        let (start, otherStart) = (Int(nodes[node].offset), Int(other.nodes[otherNode].offset))
        return bytes.withUnsafeBytes { one in
            other.bytes.withUnsafeBytes { two in
                guard length > 0, let first = one.baseAddress, let second = two.baseAddress else { return true }
                return memcmp(first + start, second + otherStart, length) == 0
            }
        }
    }
}
