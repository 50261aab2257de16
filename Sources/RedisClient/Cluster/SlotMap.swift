/// Which master has which slots, as one node of a cluster sees it.
///
/// Source: https://redis.io/docs/latest/commands/cluster-slots/
public struct SlotMap: Sendable, Equatable {
    /// A master with slots.
    public struct Node: Sendable, Hashable {
        /// The node's id in the cluster.
        public var id: String
        /// Where it says that it listens.
        public var endpoint: Endpoint
    }

    /// The masters that have slots, in the order of their ids.
    public private(set) var nodes: [Node] = []
    /// The index in `nodes` of each slot's master; -1 for a slot that nobody has.
    private var owners = [Int16](repeating: -1, count: Slot.count)

    /// The map in a reply to CLUSTER SLOTS.
    ///
    /// A node whose name is unknown or empty is reached where the answer came from, by its own port.
    /// Errors: `unexpectedReply` for what is no map: a slot that two nodes have, more nodes than a cluster may have, a host
    /// that is neither a name nor an address. Each node gets a connection and a thread.
    init(_ reply: Reply, askedAt asked: Endpoint) throws {
        var owned: [Node: [ClosedRange<Int>]] = [:]
        var isTaken = [Bool](repeating: false, count: Slot.count)
        for range in try reply.unlessError().elements {
            let parts = Array(range.elements)
            guard parts.count >= 3, let first = parts[0].integer, let last = parts[1].integer, 0 <= first,
                first <= last, last < Slot.count, let node = Self.node(parts[2], askedAt: asked)
            else {
                throw RedisError(
                    .unexpectedReply,
                    "CLUSTER SLOTS did not answer ranges of slots with their nodes.",
                    outcome: .notExecuted
                )
            }
            for slot in Int(first)...Int(last) {
                guard !isTaken[slot] else { throw Self.noMap("slot \(slot) twice") }
                isTaken[slot] = true
            }
            owned[node, default: []].append(Int(first)...Int(last))
            guard owned.count <= Self.mostNodes else { throw Self.noMap("more than \(Self.mostNodes) masters") }
        }
        for (node, ranges) in owned.sorted(by: { $0.key.id < $1.key.id }) {
            for slot in ranges.joined() { owners[slot] = Int16(nodes.count) }
            nodes.append(node)
        }
    }

    /// As many nodes a cluster has at most, by its own documentation.
    private static let mostNodes = 1000

    private static func noMap(_ what: String) -> RedisError {
        RedisError(.unexpectedReply, "CLUSTER SLOTS answered \(what), as no cluster does.", outcome: .notExecuted)
    }

    /// The master of a slot; nil while nobody has it.
    public func owner(of slot: Slot) -> Node? {
        let index = owners[slot.number]
        return index < 0 ? nil : nodes[Int(index)]
    }

    /// The slots of a node, in order.
    public func slots(of node: Node) -> [Slot] {
        guard let index = nodes.firstIndex(of: node) else { return [] }
        return owners.indices.filter { owners[$0] == Int16(index) }.map(Slot.init)
    }

    /// How many slots nobody has.
    public var uncovered: Int { owners.count { $0 < 0 } }

    private static func node(_ reply: Reply, askedAt asked: Endpoint) -> Node? {
        let parts = Array(reply.elements)
        guard parts.count >= 3, let port = parts[1].integer, (1...65_535).contains(port), let id = parts[2].text,
            (1...100).contains(id.utf8.count)
        else { return nil }
        let name = parts[0].text ?? ""
        guard name.isEmpty || name == "?" else {
            return PeerHost(name).map { Node(id: id, endpoint: .tcp(host: $0.text, port: Int(port))) }
        }
        guard case .tcp(let host, _) = asked else { return Node(id: id, endpoint: asked) }
        return Node(id: id, endpoint: .tcp(host: host, port: Int(port)))
    }
}
