/// The replies of a pipeline as one flat list of nodes in the order of the wire, and the bytes of their strings.
///
/// Frozen once the pipeline is answered.
final class ReplyStorage: Sendable {
    /// One element of a reply.
    struct Node: Sendable {
        var kind: Reply.Kind
        /// The integer, or how many elements an array has.
        var number: Int64
        /// Where the string's bytes begin.
        var offset: Int
        /// How many bytes the string has.
        var length: Int
        /// The node after this one's last descendant.
        var end: Int
    }

    let nodes: [Node]
    private let bytes: [UInt8]

    init(nodes: [Node], bytes: [UInt8]) {
        self.nodes = nodes
        self.bytes = bytes
    }

    /// The bytes of a string, status or error.
    func content(of node: Int) -> ArraySlice<UInt8> {
        let node = nodes[node]
        return bytes[node.offset..<node.offset + node.length]
    }
}
