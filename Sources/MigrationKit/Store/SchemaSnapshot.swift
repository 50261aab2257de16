import RedisClient

/// What one look at Redis found: everything that decisions depend on, from one pipeline.
public struct SchemaSnapshot: Sendable {
    /// Why nothing may be written, if something of the bookkeeping is not what it should be.
    public var refusal: MigrationError?
    /// The current schema version, or why it cannot be read.
    public var version: Result<Int, MigrationError>
    /// The state of each migration that has one, or why it cannot be read; in the registry's order.
    public var states: [String: Result<MigrationState, MigrationError>]
    /// The approval of each migration that has one.
    public var approvals: [String: Approval]
    /// Who holds the lock.
    public var lock: LockReading
    /// The order to stop, if there is one.
    public var pause: Override?
    /// The server.
    public var server: ServerInfo
    /// The server's clock.
    public var time: Timestamp

    /// A snapshot of its parts.
    public init(
        refusal: MigrationError? = nil,
        version: Result<Int, MigrationError>,
        states: [String: Result<MigrationState, MigrationError>],
        approvals: [String: Approval],
        lock: LockReading,
        pause: Override?,
        server: ServerInfo,
        time: Timestamp
    ) {
        self.refusal = refusal
        self.version = version
        self.states = states
        self.approvals = approvals
        self.lock = lock
        self.pause = pause
        self.server = server
        self.time = time
    }

    /// The state of a migration, if it has one.
    ///
    /// Errors: `unreadable`.
    public func state(of migration: String) throws -> MigrationState? {
        try states[migration]?.get()
    }
}

/// An order of a person to all programs of a keyspace.
public struct Override: Sendable, Equatable, Codable {
    /// Who gave it: user and host.
    public var by: String
    /// When, RFC 3339.
    public var at: String
    /// Why, in the person's words.
    public var reason: String

    /// An order of its parts.
    public init(by: String, at: String, reason: String) {
        self.by = by
        self.at = at
        self.reason = reason
    }

    /// Who, when and why, for people: nothing that was stored reaches a terminal as it is.
    public var text: String {
        var text = KeyText.escaped(Bytes(by))
        if !at.isEmpty { text += " at \(KeyText.escaped(Bytes(at)))" }
        if !reason.isEmpty { text += " (\(KeyText.escaped(Bytes(reason), limit: 500)))" }
        return text
    }
}
