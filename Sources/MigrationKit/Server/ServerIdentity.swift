import RedisClient

/// Which server process and which history of data a reply came from.
///
/// A restart changes the run id; a failover or a resynchronised replica changes the replication id. FLUSHALL and SWAPDB
/// change neither. Source: https://redis.io/docs/latest/commands/info/
public struct ServerIdentity: Sendable, Hashable, Codable {
    /// The process's random id.
    public var runID: String
    /// The id of the data's history.
    public var replicationID: String

    /// The identity made of both ids.
    public init(runID: String, replicationID: String) {
        self.runID = runID
        self.replicationID = replicationID
    }

    enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case replicationID = "replication_id"
    }
}
