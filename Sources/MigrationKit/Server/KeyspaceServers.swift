import RedisClient

/// The servers of a keyspace at one moment: what a walk compares before and after.
struct KeyspaceServers: Sendable {
    /// The masters, each with what it says of itself.
    let masters: [(master: KeyspaceMaster, info: ServerInfo)]
    /// All of them as one.
    let info: ServerInfo

    /// Learns who the masters are, and asks each.
    static func read(from keyspace: any Keyspace) async throws -> KeyspaceServers {
        try await keyspace.refresh()
        let masters = try await keyspace.masters()
        var infos = [ServerInfo?](repeating: nil, count: masters.count)
        try await withThrowingTaskGroup(of: (Int, ServerInfo).self) { group in
            for (index, master) in masters.enumerated() {
                group.addTask {
                    (index, try await ServerInfo(replies: master.connection.pipeline(ServerInfo.questions)))
                }
            }
            for try await (index, info) in group { infos[index] = info }
        }
        let known = zip(masters, infos.compactMap(\.self)).map { (master: $0, info: $1) }
        return KeyspaceServers(masters: known, info: try ServerInfo(merging: known.map(\.info)))
    }
}
