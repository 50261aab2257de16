/// The replies of a pipeline as one flat list of nodes in the order of the wire, and the bytes of their strings.
///
/// Frozen once the pipeline is answered.
final class ReplyStorage: Sendable {
    /// One element of a reply, in 24 bytes: a big reply has millions.
    ///
    /// 32 bits suffice, since a pipeline's replies are limited to 2 GiB.
    struct Node: Sendable {
        /// The integer, or how many elements an array has.
        var number: Int64
        /// Where the string's bytes begin.
        var offset: UInt32
        /// How many bytes the string has.
        var length: UInt32
        /// The node after this one's last descendant.
        var end: UInt32
        var kind: Reply.Kind
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
        return bytes[Int(node.offset)..<Int(node.offset) + Int(node.length)]
    }
}
