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
    /// Why it is doubtful that this is the keyspace that was meant, which none of our programs has ever worked on; nil where
    /// nothing speaks against it.
    public func placeDoubt(in database: Int) -> String? {
        guard (try? version.get()) == 0, states.isEmpty, records.isEmpty else { return nil }
        return server.emptinessDoubt(in: database)
    }
}
