import RedisClient

/// Whether this is the place that was meant: what INFO tells of that, before anything is ordered or raised there.
extension ServerInfo {
    /// Why nothing may be ordered or written here; nil on a master.
    ///
    /// A replica that may be written to takes an order that its master never hears of, and loses it when it next copies
    /// everything.
    public var replicaRefusal: String? {
        guard !isMaster else { return nil }
        return
            "The server is a replica of \(master ?? "another server"): nothing is ordered or changed there; name the master."
    }

    /// Why an empty database is hardly the one that was meant; nil where it holds keys, or no other one does.
    ///
    /// A server without any key is a new one.
    public func emptinessDoubt(in database: Int) -> String? {
        guard (databases[database] ?? 0) == 0,
            let fullest = databases.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })
        else { return nil }
        let others = databases.count == 1 ? "" : ", and \(databases.count - 1) more hold some"
        return "Database \(database) is empty, and database \(fullest.key) holds \(fullest.value) keys\(others): is "
            + "redis.database (REDIS_DATABASE) right?"
    }
}

extension SchemaSnapshot {
    /// Whether none of our programs, nor Outpost's own migrators, have left a word here.
    public var isUntouched: Bool { (try? version.get()) == 0 && states.isEmpty && records.isEmpty }

    /// Why it is doubtful that this untouched keyspace is the one that was meant; nil where nothing speaks against it.
    ///
    /// An empty one is judged by INFO. Of others the names are listed: until the first key of the migrations, or all of
    /// them if a migration is skipped in this deployment. Errors: those of the connection, and `interrupted`.
    public func placeDoubt(
        _ registry: MigrationRegistry,
        _ names: KeyNames,
        on keyspace: any Keyspace,
        shouldStop: @escaping @Sendable () -> Bool = { false }
    ) async throws -> String? {
        guard isUntouched else { return nil }
        let database = keyspace.options.database
        if let doubt = server.emptinessDoubt(in: database) { return doubt }
        let count = keyspace.isCluster ? server.keys : server.databases[database] ?? 0
        guard count > 0, var survey = PlaceSurvey(registry, names) else { return nil }
        try await survey.look(at: keyspace, keys: count, shouldStop: shouldStop)
        return survey.doubt(in: keyspace.isCluster ? nil : database, keys: count)
    }
}
