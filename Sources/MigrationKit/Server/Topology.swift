import RedisClient

/// Which node of a cluster has which slots, once all masters agree and no slot is on its way.
///
/// Equal before and after a walk, together with the masters' identities, it proves that the walk came by every key.
/// Source: https://redis.io/docs/latest/commands/cluster-nodes/
struct Topology: Sendable, Equatable {
    /// The ranges of slots by node id.
    let slots: [String: [String]]

    /// Asks all masters; nil where there is one server and nothing to agree on.
    ///
    /// Errors: `clusterUnsettled` with what is on its way.
    static func read(from masters: [KeyspaceMaster], of keyspace: any Keyspace) async throws -> Topology? {
        guard keyspace.isCluster else { return nil }
        let views = try await withThrowingTaskGroup(of: ClusterView.self) { group in
            for master in masters {
                group.addTask { try ClusterView(await master.connection.send("CLUSTER", "NODES")) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        return try Topology(views, masterCount: masters.count)
    }

    /// What all views agree on.
    init(_ views: [ClusterView], masterCount: Int) throws {
        if let moving = views.lazy.flatMap(\.moving).first {
            throw Self.unsettled("a slot is on its way between two nodes (\(moving))")
        }
        guard let first = views.first, views.allSatisfy({ $0.slots == first.slots }) else {
            throw Self.unsettled("its nodes do not agree on who has which slots")
        }
        let covered = first.slots.values.joined().reduce(0) { $0 + Self.count($1) }
        guard covered == Slot.count else {
            throw Self.unsettled("\(Slot.count - covered) of its slots have no node")
        }
        guard first.slots.count == masterCount else { throw Self.unsettled("its nodes have just changed") }
        slots = first.slots
    }

    private static func count(_ range: String) -> Int {
        let ends = range.split(separator: "-").compactMap { Bounded(decimal: $0)?.value }
        guard let first = ends.first, let last = ends.last, first <= last, last < Slot.count else { return 0 }
        return last - first + 1
    }

    private static func unsettled(_ what: String) -> MigrationError {
        MigrationError(
            .clusterUnsettled,
            "The cluster is not settled: \(what). Nothing is complete before it is; it is looked at again."
        )
    }
}
