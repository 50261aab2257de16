extension RedisConnection {
    /// Asks the sentinels in turn, connects to the server that they name, and makes sure that it is a master.
    ///
    /// One that is dead, slow, behind or does not know the name is passed over; each has an equal share of the time that is
    /// left. What a master itself refuses for good, such as the password, no other sentinel can mend.
    static func openMaster(of sentinels: Sentinels, _ options: ConnectionOptions) async throws -> RedisConnection {
        let deadline = Deadline(after: options.connectTimeout)
        var search = MasterSearch(master: sentinels.master)
        for (index, sentinel) in sentinels.addresses.enumerated() {
            let share = Deadline(after: deadline.left / (sentinels.addresses.count - index))
            let server: Endpoint
            do {
                guard let named = try await ask(sentinel, sentinels, options, within: share.left / 2) else {
                    search.note(.unknownName, of: sentinel)
                    continue
                }
                server = named
            } catch let error as RedisError {
                search.note(.unasked(error), of: sentinel)
                continue
            }
            guard !search.hasTried(server) else {
                search.note(.same(server), of: sentinel)
                continue
            }
            do {
                if let connection = try await openIfMaster(server, options, within: share.left) { return connection }
                search.note(.noMaster(server), of: sentinel)
            } catch let error as RedisError where error.isRetryable {
                search.note(.unusable(server, error), of: sentinel)
            }
        }
        throw search.error
    }

    /// Closes the connection if the first sentinel that answers names another server than this one.
    ///
    /// A master that was stopped or cut off does not know yet that it is none any more, and takes writes that nobody will
    /// see. Where no sentinel answers in half a second, nothing is known, and it stays open.
    nonisolated func closeIfReplaced() async {
        guard let sentinels = options.sentinels else { return }
        for sentinel in sentinels.addresses {
            let named = try? await Self.ask(sentinel, sentinels, options, within: .milliseconds(500))
            guard let server = named ?? nil else { continue }
            guard server != options.endpoint else { return }
            await close(because: "\(options.endpoint) was replaced: the sentinels name \(server) as the master.")
            return
        }
    }

    /// The server that one sentinel names; nil when it does not know the master.
    private static func ask(
        _ sentinel: Endpoint,
        _ sentinels: Sentinels,
        _ options: ConnectionOptions,
        within time: Duration
    ) async throws -> Endpoint? {
        var question = ConnectionOptions(
            endpoint: sentinel,
            username: sentinels.username,
            clientName: options.clientName,
            connectTimeout: time,
            commandTimeout: time,
            tls: options.tls,
            limits: ReplyLimits(bytes: 1 << 16, elements: 100)
        )
        question.role = .sentinel
        question.password = sentinels.password
        let connection = try await open(at: question)
        let reply = try await connection.send("SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinels.master)
        await connection.close()
        return try MasterSearch.server(in: reply)
    }

    /// A connection to a server; nil if that is no master.
    ///
    /// INFO and not ROLE, for which a user may have no right.
    private static func openIfMaster(
        _ server: Endpoint,
        _ options: ConnectionOptions,
        within time: Duration
    ) async throws -> RedisConnection? {
        var options = try options.following(server)
        options.isFound = true
        let patience = options.connectTimeout
        options.connectTimeout = time
        let connection = try await open(at: options, patience: patience)
        var question = CommandBuffer()
        question.append("INFO", "replication")
        let info = try await connection.pipeline(question, timeout: time)
        if try MasterSearch.isMaster(info[0]) { return connection }
        await connection.close()
        return nil
    }
}
