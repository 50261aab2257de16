import Foundation
import RedisClient
import Synchronization
import TestSupport
import Testing

/// A whole migration under load: applications write all the time, things happen in its phases, and an oracle judges.
final class Trial: Sendable {
    static let lock = "outpost:migration:lock"
    private static let writers = 3

    /// A lock that is soon found abandoned, a pace at which each phase takes seconds, and a gate that the test opens.
    private static let variables = [
        "MIGRATEREDIS_LOCK_TTL": "4s",
        "MIGRATEREDIS_LOCK_STALE_AFTER": "1500ms",
        "MIGRATEREDIS_LOCK_RENEW_INTERVAL": "200ms",
        "MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "100",
        "MIGRATEREDIS_CLEANUP_APPROVAL": "required",
        "MIGRATEREDIS_RECONCILE_FOLLOW": "1s",
    ]

    let stage: Stage
    let schedule: FaultSchedule
    /// The time of day on the server and on the daemons' host.
    let clock: JumpingClock
    private let proxy: CommandProxy
    private let seed: UInt64
    private let daemons = Mutex<[RunningProcess]>([])
    private let history = OperationHistory()
    private let answered = Mutex(0)

    private init(_ stage: Stage, seed: UInt64, clock: JumpingClock) throws {
        self.stage = stage
        self.seed = seed
        self.clock = clock
        proxy = try CommandProxy(stage.server)
        schedule = proxy.schedule
    }

    /// Plays a trial: `happen` is called when a phase has begun, with the phase.
    static func play(
        seed: UInt64,
        allowsRemovals: Bool,
        _ happen: @escaping @Sendable (_ phase: String, Trial) async -> Void
    ) async throws {
        var keyspace = Keyspace(tenants: 20)
        keyspace.addForeign(Workload.foreignCommands(writers: writers))
        let durable = ["--appendonly", "yes", "--appendfsync", "always"]
        let clock = try await JumpingClock()
        try await withStage(keyspace, arguments: durable, environment: clock.environment) { stage in
            let trial = try Trial(stage, seed: seed, clock: clock)
            do {
                try await trial.play(removals: allowsRemovals ? 2 : 0, happen)
            } catch {
                throw TestSupportError("Seed \(seed): \(error)\n\(trial.log)")
            }
            for daemon in trial.daemons.withLock({ $0 }) { await daemon.stop() }
            trial.proxy.close()
        }
    }

    private func play(removals: Int, _ happen: @Sendable (String, Trial) async -> Void) async throws {
        let tenants = (0..<Self.writers).map { "tenant:t\(3 * $0)" }
        let old = start(Workload.models(of: stage.before, tenants: tenants), usesOldNames: true, removals: removals)
        await startDaemon()
        for phase in ["apply", "verify"] {
            try await wait("phase \(phase)") { self.hasBegun(phase) }
            await happen(phase, self)
            await heal()
        }
        try await wait("the raise") { (try? await self.stage.text("outpost:schema:version")) == "1" }
        let afterRaise = await old.end()
        // What the last old instance wrote, a catch-up finds that begins after that: the second that ends.
        for _ in 0..<2 { try await waitForCatchUp() }

        let kept = afterRaise.map { $0.filter { isString($1) } }
        let moved = zip(afterRaise, kept).map { all, kept in
            let rest = all.filter { kept[$0.key] == nil }.map { (stage.keyspace.newNames[$0.key] ?? $0.key, $0.value) }
            return Dictionary(uniqueKeysWithValues: rest)
        }
        let new = start(moved, usesOldNames: false, removals: removals)
        let approval = try await stage.run("approve", "001_hash_tags", "cleanup")
        #expect(approval.exitStatus == 0, "\(approval)")
        try await wait("phase cleanup") { self.hasBegun("cleanup") }
        await happen("cleanup", self)
        await heal()
        try await wait("the end") { (try? await self.stage.phase()) == "cleaned" }
        let last = await new.end()
        for daemon in daemons.withLock({ $0 }) { await daemon.stop() }

        var oracle = Oracle(untouched: stage.keyspace.expected(after: stage.before), history: history)
        oracle.expect(kept, newNames: stage.keyspace.newNames)
        oracle.expect(last, newNames: [:])
        let fault = oracle.fault(of: try await stage.snapshot())
        #expect(fault == nil, "seed \(seed): \(fault ?? "")\n\(log)")
        #expect(history.count(.done) > 50, "the writers have written")
        let more = try await stage.faultOfOneMoreRun()
        #expect(more == nil, "seed \(seed): \(more ?? "")\n\(log)")
        let counts = [OperationHistory.Outcome.done, .failed, .unknown].map { "\(history.count($0)) \($0)" }
        print("trial with seed \(seed): operations \(counts.joined(separator: ", "))")
    }

    // MARK: For disturbances

    /// Starts one more daemon.
    func startDaemon() async {
        let variables = Self.variables.merging(["REDIS_SOCKET": proxy.socketPath]) { $1 }
            .merging(clock.environment) { $1 }
        if let daemon = try? await stage.daemon(variables) { daemons.withLock { $0.append(daemon) } }
    }

    /// Kills all daemons.
    func killDaemons() { for daemon in daemons.withLock({ $0 }) { daemon.signal(SIGKILL) } }

    /// Stops all daemons where they are, and gives them.
    func stopDaemons() -> [RunningProcess] {
        let running = daemons.withLock { $0.filter { $0.termination == nil } }
        for daemon in running { daemon.signal(SIGSTOP) }
        return running
    }

    /// Says something to the server, on a connection of its own, if there is a server.
    func tell(_ words: [String]) async { _ = try? await stage.send(words) }

    /// What a person does once the cause of a stall is gone.
    func retry() async { _ = try? await stage.run("retry") }

    // MARK: The course of things

    private func start(_ models: [RecordWriter.Model], usesOldNames: Bool, removals: Int) -> Workload {
        let stage = stage
        return Workload.start(
            models,
            seed: seed,
            history: history,
            usesOldNames: usesOldNames,
            removals: removals,
            connect: { try await stage.connect() }
        )
    }

    /// Ends whatever may still be wrong.
    private func heal() async {
        schedule.heal()
        stage.server.resume()
        if stage.server.pid == nil { try? await stage.server.restart() }
        // Of several things at once the end of one may have failed because of another.
        let server = stage.server
        _ = try? await server.cli("SCRIPT", "KILL")
        for words in [
            ["ACL", "SETUSER", LeastPrivilege.user, "resetpass", ">" + LeastPrivilege.password, "+unlink", "+watch"],
            ["CONFIG", "SET", "maxmemory", "0", "min-replicas-to-write", "0", "save", ""],
            ["REPLICAOF", "NO", "ONE"],
        ] { await tell(words) }
        // A server that took no writes has kept what another tool left in the lock's place.
        if (try? await stage.send(["TYPE", Self.lock]))?.text == "list" { await tell(["UNLINK", Self.lock]) }
        await retry()
        for daemon in daemons.withLock({ $0 }) { daemon.signal(SIGCONT) }
        if daemons.withLock({ $0.allSatisfy { $0.termination != nil } }) { await startDaemon() }
    }

    private func wait(_ what: String, until isSo: () async throws -> Bool) async throws {
        try await eventually(timeout: .seconds(90), what) {
            if try await isSo() { return true }
            await answerStalls()
            return false
        }
    }

    /// What a person does who has looked: where the epoch was deleted, the next holder's is behind that of the state, and
    /// `DataLost` waits for `retry`, which ends it once for each daemon and stall.
    private func answerStalls() async {
        let stalls = daemons.withLock { $0 }.reduce(0) { $0 + $1.lines("stalled", "reason=DataLost").count }
        let isNew = answered.withLock { answered in
            defer { answered = max(answered, stalls) }
            return stalls > answered
        }
        if isNew { await retry() }
    }

    private func hasBegun(_ phase: String) -> Bool {
        daemons.withLock { $0 }.contains { !$0.lines("step started", "phase=\(phase)").isEmpty }
    }

    /// Waits for the end of a catch-up; when that was, by whatever clock, is told by nothing but its change.
    private func waitForCatchUp() async throws {
        let before = await lastCatchUp()
        try await wait("a catch-up") {
            let last = await self.lastCatchUp()
            return last != nil && last != before
        }
    }

    private func lastCatchUp() async -> Int64? { (try? await stage.state())?["followed_at_ms"] as? Int64 }

    private func isString(_ states: [OwnedRecord?]) -> Bool {
        states.contains { if case .string = $0?.value { true } else { false } }
    }

    private var log: String {
        daemons.withLock { $0 }.map { String($0.standardError.suffix(3000)) }.joined(separator: "\n---\n")
    }
}
