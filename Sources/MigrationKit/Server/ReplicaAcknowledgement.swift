import RedisClient

/// Waits until the replicas have what their masters have: before old keys go, a failover must not bring back a time when
/// the new ones were not there.
///
/// Source: https://redis.io/docs/latest/commands/wait/
enum ReplicaAcknowledgement {
    private static let patience = Duration.seconds(5)

    /// Returns once every connected replica of every master has acknowledged the last write of that master's connection,
    /// and with it everything that was read there before.
    ///
    /// Errors: `replicasBehind`.
    static func allHaveAll(on servers: KeyspaceServers) async throws {
        for (master, info) in servers.masters where info.connectedReplicas != 0 {
            guard let wanted = info.connectedReplicas else {
                throw MigrationError(
                    .replicasBehind,
                    "\(master.connection.options.endpoint) tells no number of replicas: no old key goes before all of them "
                        + "have what it has; it is tried again."
                )
            }
            let acknowledged = try await master.connection.send(
                "WAIT",
                String(wanted),
                String(patience.milliseconds)
            ).integer
            guard let acknowledged, acknowledged >= wanted else {
                throw MigrationError(
                    .replicasBehind,
                    "Of \(wanted) replicas of \(master.connection.options.endpoint) \(acknowledged ?? 0) have what it has: "
                        + "no old key goes before all have; it is tried again."
                )
            }
        }
    }
}
