import RedisClient

/// Sets the epoch of every slot of a cluster.
///
/// A new holder does so before its first read: from then on no transaction of an earlier one commits anywhere.
struct EpochSpread {
    let names: KeyNames

    private static let attempts = 20
    private static let pause = Duration.milliseconds(100)

    /// Returns once every slot's master has said that it has the epoch; slots that move meanwhile are tried again.
    ///
    /// Errors: `clusterUnsettled` when a slot still has no master that takes it; those of the connections.
    func raise(to epoch: Epoch, on keyspace: any Keyspace) async throws {
        var missing = Set((0..<Slot.count).map(Slot.init))
        for attempt in 0..<Self.attempts {
            if attempt > 0 {
                try await Task.sleep(for: Self.pause)
                try await keyspace.refresh()
            }
            for set in try await set(epoch, in: missing, on: keyspace.masters()) { missing.remove(set) }
            if missing.isEmpty { return }
        }
        throw MigrationError(
            .clusterUnsettled,
            "\(missing.count) slots of the cluster take no write now: they are not covered, or on their way to another node."
        )
    }

    /// The slots that took it.
    private func set(_ epoch: Epoch, in slots: Set<Slot>, on masters: [KeyspaceMaster]) async throws -> [Slot] {
        let value = epoch.bytes
        return try await withThrowingTaskGroup(of: [Slot].self) { group in
            for master in masters {
                group.addTask {
                    let own = master.slots.filter(slots.contains)
                    guard !own.isEmpty else { return [] }
                    var commands = CommandBuffer()
                    for slot in own { commands.append("SET", names.epoch(in: slot), value) }
                    let replies = try await master.connection.pipeline(commands)
                    return try zip(own, replies).compactMap { slot, reply in
                        guard let error = reply.error else { return slot }
                        guard error.isRedirection else { throw error }
                        return nil
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}
