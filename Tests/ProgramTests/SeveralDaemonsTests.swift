import Foundation
import TestSupport
import Testing

@Suite("Several daemons on one keyspace")
struct SeveralDaemonsTests {
    /// The shortest lock that is still kept while the machine is busy.
    private static let shortLock = [
        "MIGRATEREDIS_LOCK_TTL": "4s",
        "MIGRATEREDIS_LOCK_STALE_AFTER": "1500ms",
        "MIGRATEREDIS_LOCK_RENEW_INTERVAL": "200ms",
    ]

    @Test("One works; the other waits, says for whom, and takes over at once when that one is killed")
    func twoDaemons() async throws {
        try await withStage { stage in
            let first = try await stage.daemon(Stage.slow)
            try await first.waitForLine("step started", "phase=apply")
            try await eventually(timeout: .seconds(30), "the lock for apply") {
                try await stage.phase() == "applying"
            }
            let epoch = try await stage.epoch()
            let socket = try NotifySocket()
            let second = try await stage.daemon(socket.variables)
            let line = try await second.waitForLine("waiting", "reason=LockHeld")
            #expect(line.contains("process \(first.pid)"), "\(line)")
            #expect(line.contains(ProcessInfo.processInfo.hostName.prefix { $0 != "." }), "\(line)")
            #expect(line.contains("001_hash_tags"), "\(line)")
            try await socket.waitForStatus(containing: "process \(first.pid)")
            #expect(second.lines("step started").isEmpty)
            // Who only waits raises no epoch. Asked in one transaction, since the holder may go on to its next step.
            if try await stage.phase() == "applying" { #expect(try await stage.epoch() == epoch) }

            #expect(first.signal(SIGKILL))
            try await first.waitForExit()
            try await second.waitUntilConverged()
            #expect(await second.stop() == .exited(0))
            #expect(try await stage.epoch() > epoch)
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test("Ten that start at once converge, and only one is in a step at a time")
    func tenDaemons() async throws {
        try await withStage { stage in
            let sampler = Task { try await Self.sampleEpochs(stage) }
            var daemons: [RunningProcess] = []
            for number in 0..<10 {
                daemons.append(try await stage.daemon(arguments: ["--instance", "number-\(number)"]))
            }
            for daemon in daemons { try await daemon.waitUntilConverged() }
            sampler.cancel()
            let samples = try await sampler.value
            #expect(samples.filter { !$0.belongTogether }.isEmpty, "the lock's holder is the one that raised the epoch")
            let epochs = samples.map { $0.epoch }
            #expect(epochs == epochs.sorted())

            // A step goes on where the one before it ended: no two were at work at once.
            let phases = try await Self.phases(stage)
            #expect(phases.first?.from == "")
            #expect(phases.last?.to == "cleaned")
            #expect(zip(phases, phases.dropFirst()).allSatisfy { $0.to == $1.from }, "\(phases)")
            #expect(Set(phases.map(\.to)).count == phases.count, "each phase is reached once: \(phases)")
            #expect(try await stage.calls(of: "copy") == stage.keyspace.moving)

            for daemon in daemons {
                #expect(daemon.lines("step failed").allSatisfy { $0.contains("reason=LockHeld") })
                #expect(await daemon.stop() == .exited(0))
            }
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test("A holder that is stopped is replaced, and when it goes on it writes nothing more")
    func stoppedHolder() async throws {
        try await withStage { stage in
            let first = try await stage.daemon(Stage.slow.merging(Self.shortLock) { $1 })
            try await eventually(timeout: .seconds(30), "the first copies") { try await Self.hasCopies(stage) }
            first.signal(SIGSTOP)
            let epoch = try await stage.epoch()

            let second = try await stage.daemon(Self.shortLock)
            try await second.waitUntilConverged()
            #expect(try await stage.epoch() > epoch)
            expectNone(try await stage.faultOfConverged())
            #expect(first.lines("step finished", "phase=apply").isEmpty, "it was stopped too late")

            let contents = try await stage.contents()
            first.signal(SIGCONT)
            try await first.waitForLine("step failed", "reason=Retrying")
            try await first.waitUntilConverged()
            #expect(try await stage.contents() == contents)
            expectNone(try await stage.faultOfConverged())
            for daemon in [first, second] { #expect(await daemon.stop() == .exited(0)) }
        }
    }

    @Test("unlock stops a living holder within a batch, and all is well in the end")
    func unlock() async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(Stage.slow)
            try await eventually(timeout: .seconds(30), "the first copies") { try await Self.hasCopies(stage) }
            let epoch = try await stage.epoch()
            let unlock = try await stage.run("unlock", "-force")
            #expect(unlock.exitStatus == 0, "\(unlock)")
            #expect(unlock.standardError.contains("process \(daemon.pid)"), "\(unlock)")
            #expect(unlock.standardError.contains("is alive"), "\(unlock)")
            let line = try await daemon.waitForLine("step failed", "phase=apply")
            #expect(line.contains("epoch was raised") || line.contains("lock was removed"), "\(line)")
            #expect(daemon.lines("step finished", "phase=apply").isEmpty)
            try await daemon.waitUntilConverged()
            #expect(try await stage.epoch() > epoch + 1)
            #expect(await daemon.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
            expectNone(try await stage.faultOfOneMoreRun())
        }
    }

    @Test("unlock asks first; without a yes the lock stays; a free lock needs nothing")
    func unlockAsks() async throws {
        try await withStage { stage in
            let free = try await stage.run("unlock")
            #expect(free.exitStatus == 0, "\(free)")
            #expect(free.standardOutput.contains("free"), "\(free)")
            let daemon = try await stage.daemon(Stage.slow)
            try await eventually(timeout: .seconds(30), "the first copies") { try await Self.hasCopies(stage) }
            let declined = try await stage.run("unlock", input: "n\n")
            #expect(declined.exitStatus == 1, "\(declined)")
            #expect(try await stage.lock() != nil)
            #expect(daemon.lines("step failed").isEmpty)
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("While a daemon works, apply by hand exits 75 and says who holds the lock")
    func byHandMeanwhile() async throws {
        try await withStage { stage in
            let daemon = try await stage.daemon(Stage.slow)
            try await eventually(timeout: .seconds(30), "the first copies") { try await Self.hasCopies(stage) }
            let apply = try await stage.run("-migration", "001_hash_tags", "apply", "-auto-approve")
            #expect(apply.exitStatus == 75, "\(apply)")
            #expect(apply.standardError.contains("process \(daemon.pid)"), "\(apply)")
            #expect(await daemon.stop() == .exited(0))
        }
    }

    // MARK: Looking

    private static func hasCopies(_ stage: Stage) async throws -> Bool {
        (try await stage.send(["EXISTS"] + stage.keyspace.newNames.values).integer ?? 0) > 0
    }

    private struct Transition: CustomStringConvertible {
        var from: String
        var to: String
        var description: String { "\(from) → \(to)" }
    }

    /// The phases in the order in which the history tells them.
    private static func phases(_ stage: Stage) async throws -> [Transition] {
        let entries = try await stage.send("XRANGE", "outpost:migration:history", "-", "+").elements
        return entries.compactMap { entry in
            let fields = Array(entry.elements).last?.elements.compactMap(\.text) ?? []
            var values: [String: String] = [:]
            for index in stride(from: 0, to: fields.count - 1, by: 2) { values[fields[index]] = fields[index + 1] }
            guard values["event"] == "phaseChanged" else { return nil }
            return Transition(from: values["from"] ?? "", to: values["to"] ?? "")
        }
    }

    private struct Sample: Sendable {
        var epoch: Int
        /// Whether the token in the lock, if it is held, is that of the epoch.
        var belongTogether: Bool
    }

    /// Looks at lock and epoch in one command, again and again until cancelled.
    private static func sampleEpochs(_ stage: Stage) async throws -> [Sample] {
        let connection = try await stage.connect()
        var samples: [Sample] = []
        while !Task.isCancelled {
            let values = try await connection.send("MGET", "outpost:migration:lock", "outpost:migration:epoch").elements
                .map { $0.text }
            if let parts = values[1]?.split(separator: ":"), parts.count == 2, let epoch = Int(parts[0]) {
                samples.append(Sample(epoch: epoch, belongTogether: values[0]?.contains(parts[1]) ?? true))
            }
            try? await Task.sleep(for: .milliseconds(2))
        }
        await connection.close()
        return samples
    }
}
