import RedisClient

/// Orders of people: written without lock and fence, since pausing must work while another works.
///
/// Each is one transaction with its entry in the history and the message that wakes daemons; in a cluster, where the
/// history has a slot of its own, entry and message follow.
extension SchemaStore {
    /// Orders all work to stop at the next safe point; ends by itself after `time`, if given.
    public func pause(_ order: Override, for time: Duration?, on keyspace: any Keyspace) async throws {
        let event = Event(.paused, Self.facts(order, for: time))
        try await put(order, at: names.pause, for: time, telling: event, on: keyspace)
    }

    /// Orders a pause by a message alone, where the server has no memory to store it; returns how many heard it.
    ///
    /// Whoever starts later does not know of it. Errors: those of the connection and of the server.
    public func tellPause(_ order: Override, for time: Duration?, on keyspace: any Keyspace) async throws -> Int {
        let message = try WakeMessage.text(pause: order, for: time)
        return try await keyspace.connection(for: names.wake).send("PUBLISH", names.wake, message).bounded("PUBLISH")
            ?? 0
    }

    /// Ends the pauses that were only messages.
    public func tellResume(on keyspace: any Keyspace) async throws {
        let message = Bytes(Event.Kind.resumed.rawValue)
        _ = try await keyspace.connection(for: names.wake).send("PUBLISH", names.wake, message)
    }

    /// Ends a pause.
    public func resume(_ order: Override, on keyspace: any Keyspace) async throws {
        try await remove(names.pause, telling: Event(.resumed, Self.facts(order)), on: keyspace)
    }

    /// Puts another version in the place of the configured target; ends by itself after `time`, if given.
    public func pin(_ pin: Pin, for time: Duration?, on keyspace: any Keyspace) async throws {
        var event = Event(.pinned, Self.facts(pin.order, for: time))
        event.facts[.targetVersion] = String(pin.version)
        try await put(pin, at: names.pin, for: time, telling: event, on: keyspace)
    }

    /// Gives the target back to the configuration.
    public func unpin(_ order: Override, on keyspace: any Keyspace) async throws {
        try await remove(names.pin, telling: Event(.unpinned, Self.facts(order)), on: keyspace)
    }

    /// Stores an approval; ends by itself after `time`, if given.
    public func approve(_ approval: Approval, for time: Duration? = nil, on keyspace: any Keyspace) async throws {
        var facts: [Event.Fact: String] = [
            .migration: approval.migration, .phase: approval.phase.rawValue, .by: approval.by,
            .detail: approval.reason,
        ]
        facts[.duration] = time.map(Self.text)
        let key = names.approval(of: approval.migration)
        try await put(approval, at: key, for: time, telling: Event(.approved, facts), on: keyspace)
    }

    /// Closes a gate that was opened; work under it ends at the next batch.
    public func revoke(_ approval: Approval, _ order: Override, on keyspace: any Keyspace) async throws {
        var event = Event(.revoked, Self.facts(order))
        event.facts[.migration] = approval.migration
        event.facts[.phase] = approval.phase.rawValue
        try await remove(names.approval(of: approval.migration), telling: event, on: keyspace)
    }

    /// Asks every daemon to forget failures, once.
    public func retry(_ order: RetryOrder, on keyspace: any Keyspace) async throws {
        var event = Event(.retryAsked, Self.facts(order.order))
        event.facts[.migration] = order.migration
        try await put(order, at: names.retry, for: nil, telling: event, on: keyspace)
    }

    /// Asks every daemon to look now; nothing is stored but the entry in the history.
    public func askToLook(_ order: Override, on keyspace: any Keyspace) async throws {
        let event = Event(.reconcileAsked, Self.facts(order))
        try await self.order(CommandBuffer(), at: names.history, telling: event, on: keyspace)
    }

    /// The orders that bear on a migration, at one look.
    public func orders(on migration: String, on keyspace: any Keyspace) async throws -> StandingOrders {
        var commands = RoutedCommands(for: keyspace)
        let keys = [names.pause, names.pin, names.approval(of: migration)]
        let reads = BookkeepingReads(keys, behind: 0, in: &commands)
        let values = try await reads.values(in: keyspace.pipeline(commands), on: keyspace)
        return StandingOrders(
            pause: try pause(values[0]),
            pin: try pin(values[1]),
            approval: try document(values[2], as: Approval.self)
        )
    }

    // MARK: Writing

    private func put(
        _ document: some Encodable,
        at key: Bytes,
        for time: Duration?,
        telling event: Event,
        on keyspace: any Keyspace
    ) async throws {
        var arguments = [key, try StoredDocument.encode(document)]
        if let time { arguments += [Bytes("PX"), Bytes(decimal: max(1, time.milliseconds))] }
        try await Removal.firstAccepted { removal in
            var commands = CommandBuffer()
            // It changes nothing that SET does not. But no order is given where it could not be taken back.
            removal.append([key], to: &commands)
            commands.append("SET", arguments)
            try await order(commands, at: key, telling: event, on: keyspace)
        }
    }

    /// A server without memory still removes: then without the entry in the history, and without a transaction, into which it
    /// lets nothing (https://github.com/redis/redis, `processCommand`).
    private func remove(_ key: Bytes, telling event: Event, on keyspace: any Keyspace) async throws {
        do {
            try await Removal.firstAccepted { removal in
                var commands = CommandBuffer()
                removal.append([key], to: &commands)
                try await order(commands, at: key, telling: event, on: keyspace)
            }
        } catch let error as RedisError where error.isOutOfMemory {
            try await Removal.firstAccepted { removal in
                var commands = CommandBuffer()
                removal.append([key], to: &commands)
                _ = try await keyspace.connection(for: key).pipeline(commands).unlessError()
            }
            _ = try await keyspace.connection(for: names.wake).send("PUBLISH", names.wake, Bytes(event.kind.rawValue))
        }
    }

    private static func facts(_ order: Override, for time: Duration? = nil) -> [Event.Fact: String] {
        var facts: [Event.Fact: String] = [.by: order.by, .detail: order.reason]
        facts[.duration] = time.map(text)
        return facts
    }

    private static func text(_ time: Duration) -> String { "\(time.milliseconds / 1000) s" }
}

/// The orders that bear on one migration.
public struct StandingOrders: Sendable, Equatable {
    /// The order to stop.
    public var pause: Override?
    /// The target that takes the place of the configured one; a pin that cannot be read counts as none here.
    public var pin: Pin?
    /// The gate that is open.
    public var approval: Approval?

    /// Orders one by one.
    public init(pause: Override? = nil, pin: Pin? = nil, approval: Approval? = nil) {
        self.pause = pause
        self.pin = pin
        self.approval = approval
    }

    init(pause: Override?, pin: Result<Pin?, MigrationError>, approval: Approval?) {
        self.init(pause: pause, pin: (try? pin.get()) ?? nil, approval: approval)
    }
}
