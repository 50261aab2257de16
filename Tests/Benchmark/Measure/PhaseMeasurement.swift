import TestSupport

/// Every phase, and after each run of ours the same commands and the bare ones, each on a server that begins where it began.
struct PhaseMeasurement {
    let tenants: Tenants
    let rounds: Int
    let settings: [String: String]
    /// `migrateredis` of an earlier commit, whose commands are a floor too.
    var earlier: String?

    /// How many commands a program may queue and discard in one run: those by which it asks what it is permitted to do.
    private static let mostDiscarded = 100

    /// How many commands of a run the server may not know: the one by which a program asks whether fields of hashes expire.
    private static let mostUnknown = 1

    /// A phase as it was recorded: where it began, what was sent, and how many changes that made.
    private struct Rehearsal {
        var phase: Phase
        var start: SavedData
        var recording: Recording
        var changes: Int
    }

    /// Measures all phases.
    func run() async throws -> [PhaseFigures] {
        let base = try await SavedData.of(tenants)
        let rehearsals = try await rehearse(from: base)
        var earlierOnes: [Rehearsal]?
        if let earlier { earlierOnes = try await rehearse(from: base, by: earlier) }
        var figures = rehearsals.map {
            PhaseFigures(phase: $0.phase, keys: tenants.keys, traffic: Traffic($0.recording))
        }
        for round in 1...rounds {
            for index in rehearsals.indices {
                let rehearsal = rehearsals[index]
                figures[index].ours.append(try await measure(index, of: rehearsals))
                figures[index].replay.append(try await replay(rehearsal))
                if let earlierOnes { figures[index].earlier.append(try await replay(earlierOnes[index])) }
                if let bare = rehearsal.phase.bare(of: tenants) {
                    let cost = try await play(bare, from: rehearsal.start, leastChanges: tenants.count)
                    figures[index].bare.append(cost)
                }
                progress("round \(round) of \(rounds): \(rehearsal.phase.rawValue)")
            }
        }
        return figures
    }

    /// What the program sends in each phase, over all of them, for `--only counts`.
    func traffic() async throws -> [(phase: Phase, traffic: Traffic)] {
        try await rehearse(from: try await SavedData.of(tenants)).map { ($0.phase, Traffic($0.recording)) }
    }

    private func rehearse(from base: SavedData, by program: String? = nil) async throws -> [Rehearsal] {
        try await base.withServer { server in
            let recorder = try Recorder(to: server.socketPath)
            var programs = Programs(on: server, settings: settings)
            programs.address = ["REDIS_SOCKET": recorder.socketPath]
            let client = try PlainClient(server)
            var rehearsals: [Rehearsal] = []
            for phase in Phase.allCases {
                let start = try SavedData.of(server)
                let before = try ServerCounters.look(at: [client])
                _ = try await ProgramRun.migrateredis(phase.arguments, with: programs.variables, program: program)
                let recording = try await recorder.take()
                let counted = try ServerCounters.look(at: [client]).since(before)
                guard recording.errors <= Self.mostUnknown, recording.nils == 0 else {
                    throw TestSupportError(
                        "\(phase.rawValue): \(recording.errors) errors and \(recording.nils) lost races while recording."
                    )
                }
                // What was queued and then discarded is not among what the server has counted.
                guard (0...Self.mostDiscarded).contains(Int(recording.commands) - counted.commands) else {
                    throw TestSupportError(
                        "\(phase.rawValue): \(recording.commands) commands recorded; the server counted \(counted.commands)."
                    )
                }
                rehearsals.append(
                    Rehearsal(phase: phase, start: start, recording: recording, changes: counted.changes)
                )
                progress("recorded \(phase.rawValue)\(program == nil ? "" : " of the earlier program")")
            }
            return rehearsals
        }
    }

    /// What a phase costs, on a server that has just loaded its data as those of the floors have: where the same data have
    /// grown bit by bit they lie about in memory, and every command takes longer.
    private func measure(_ index: Int, of rehearsals: [Rehearsal]) async throws -> Cost {
        let phase = rehearsals[index].phase
        let first = phase.needsRunOfThePhaseBefore ? index - 1 : index
        return try await rehearsals[first].start.withServer { server in
            let programs = Programs(on: server, settings: settings)
            if first < index { _ = try await programs.cost(of: rehearsals[first].phase.arguments) }
            return try await programs.cost(of: phase.arguments)
        }
    }

    private func replay(_ rehearsal: Rehearsal) async throws -> Cost {
        try await rehearsal.start.withServer { server in
            let (cost, result, changes) = try Self.play(rehearsal.recording, on: server)
            // A replay that did less than the program would be an easy floor. Its connections do not wait for one another: so
            // when the ledger goes at the end, entries of the last batches go with it and not before.
            guard result.replies == rehearsal.recording.commands, result.errors <= Self.mostUnknown, result.nils == 0,
                abs(changes - rehearsal.changes) <= rehearsal.changes / 20
            else {
                throw TestSupportError(
                    "The replay of \(rehearsal.phase.rawValue) is not what was recorded: \(result.replies) replies for "
                        + "\(rehearsal.recording.commands) commands, \(result.errors) errors, \(result.nils) lost races, "
                        + "\(changes) changes for \(rehearsal.changes)."
                )
            }
            return cost
        }
    }

    private func play(_ bare: Recording, from start: SavedData, leastChanges: Int) async throws -> Cost {
        try await start.withServer { server in
            let (cost, result, changes) = try Self.play(bare, on: server)
            guard result.replies == bare.commands, result.errors == 0, changes >= leastChanges else {
                throw TestSupportError("Bare commands: \(result.errors) errors, \(changes) changes.")
            }
            return cost
        }
    }

    private static func play(
        _ recording: Recording,
        on server: RedisServer
    ) throws -> (Cost, ReplayResult, changes: Int) {
        let client = try PlainClient(server)
        let before = try ServerCounters.look(at: [client])
        let result = try Replay.run(recording, on: server.socketPath)
        let counted = try ServerCounters.look(at: [client]).since(before)
        let cost = Cost(
            seconds: result.seconds,
            cpuSeconds: result.cpuSeconds,
            serverCPUSeconds: counted.cpuSeconds,
            peakKiB: nil
        )
        return (cost, result, counted.changes)
    }
}
