import RedisClient

/// Why a request that failed may have failed for one of the keys that it was about.
enum KeyFault {
    /// What came back is more than the server's own estimate of the keys explains.
    case tooLarge
    /// The server hung up, or said that the request breaks one of its limits.
    case refused
    /// The answer did not come within the time allowed. It is a key's only where the same server answers everything else:
    /// one that is held up answers no request, whatever the keys.
    case tooSlow

    /// What a failure may be; nil for one that says nothing of any key, or that waiting may end.
    init?(_ error: any Error) {
        guard let error = error as? RedisError else { return nil }
        switch error.code {
        case .replyTooLarge: self = .tooLarge
        case .disconnected: self = .refused
        case .timedOut: self = .tooSlow
        // Redis says so before it hangs up on a request beyond `proto-max-bulk-len`.
        case .server where error.message.hasPrefix("ERR Protocol error"): self = .refused
        default: return nil
        }
    }

    /// How often one key alone must fail so, while the same server answers other requests in between.
    static let attempts = 3

    /// How long to wait after a number of such failures.
    static func pause(after failures: Int) -> Duration { .milliseconds(100 * failures) }
}

/// Finds the key for which a server hangs up, refuses, sends far too much, or takes too long, so that one such key does not end a walk.
///
/// A batch that fails so is halved, down to single keys, each time after the same server has answered something else. What
/// fails alone, several times, is held; while the server is away nothing is.
struct FaultIsolation<Work: WalkWork> {
    let work: Work
    let keyspace: any Keyspace
    /// The server that the walk is over.
    let server: ServerIdentity
    /// The names of the deployment for work that writes; nil for work that only reads.
    var writing: KeyNames?

    /// Attempts a batch; returns the items to which nothing happened because a watched key changed.
    ///
    /// Errors: those of the attempt that no single key explains.
    func attempt(_ batch: [Work.Item]) async throws -> [Work.Item] {
        do {
            return try await work.attempt(batch)
        } catch let error where KeyFault(error) != nil {
            guard batch.count != 1 else { return try await settle(batch[0], after: error) }
            guard try await isThere(after: error) else { throw error }
            let half = batch.count / 2
            return try await attempt(Array(batch[..<half])) + attempt(Array(batch[half...]))
        }
    }

    /// Whether the server that the walk is over still does everything else after a failure of work on some keys.
    ///
    /// A server may answer and yet keep every write waiting (CLIENT PAUSE WRITE): then no time-out is a key's.
    func isThere(after failure: any Error) async throws -> Bool {
        guard try await isThere() else { return false }
        guard let names = writing, case .tooSlow? = KeyFault(failure) else { return true }
        do {
            for master in try await keyspace.masters() {
                // Nothing has this name, so nothing changes.
                _ = try await master.connection.send("PEXPIRE", names.probe(in: master.slots.first), Bytes("1"))
            }
            return true
        } catch is RedisError {
            return false
        }
    }

    /// Whether the server that the walk is over still answers; connects to it once more where the connection was lost.
    func isThere() async throws -> Bool {
        var lost: [LostConnection] = []
        for attempt in 1...KeyFault.attempts {
            do {
                lost += try await keyspace.reopen()
                guard try await ServerInfo.read(from: keyspace).identity == server else {
                    // Who owns the connection looks for the server anew.
                    if !keyspace.isCluster { await keyspace.close() }
                    return false
                }
                // What a lost connection sent last may still be on its way. The process is the same, and so are its numbers.
                for one in lost where one.id != 0 {
                    _ = try? await one.successor.send("CLIENT", "KILL", "ID", String(one.id))
                }
                return true
            } catch let error as RedisError where error.code == .disconnected {
                // Others use the connection too, and may have lost it once more.
                try await Task.sleep(for: KeyFault.pause(after: attempt))
            } catch is RedisError {
                return false
            }
        }
        return false
    }

    /// Attempts a single item until it works, or is held.
    private func settle(_ item: Work.Item, after failure: any Error) async throws -> [Work.Item] {
        var item = item
        var failure = failure
        var refusals = 0
        var isMeasured = false
        while true {
            guard let fault = KeyFault(failure), try await isThere(after: failure) else { throw failure }
            switch fault {
            case .tooLarge where isMeasured:
                work.hold(item, reason: "tooLarge")
                return []
            case .tooLarge:
                guard let exact = try await work.measured(exactly: item) else { return [] }
                item = exact
                isMeasured = true
            case .refused, .tooSlow:
                refusals += 1
                guard refusals < KeyFault.attempts else {
                    work.hold(item, reason: fault == .tooSlow ? "tooSlow" : "refused")
                    return []
                }
                try await Task.sleep(for: KeyFault.pause(after: refusals))
            }
            do {
                return try await work.attempt([item])
            } catch {
                failure = error
            }
        }
    }
}
