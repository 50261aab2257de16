import TestSupport

/// What another client feels: without a migration, beside the apply of 001 at several limits, and beside every other phase.
struct LatencyMeasurement {
    let tenants: Tenants
    let rounds: Int

    /// How long each case lasts at most.
    private static let seconds = 4.0

    /// What goes on beside the client.
    private struct Case {
        var name: String
        /// Nil for nothing.
        var phase: Phase?
        var settings: [String: String] = [:]
    }

    private static let limits = [
        Case(name: LatencyFigures.nothing),
        Case(name: "001-apply, at defaults", phase: .apply1),
        Case(name: "batch-time 500us", phase: .apply1, settings: ["MIGRATEREDIS_LIMITS_BATCH_TIME": "500us"]),
        Case(name: "batch-time 10ms", phase: .apply1, settings: ["MIGRATEREDIS_LIMITS_BATCH_TIME": "10ms"]),
        Case(name: "10,000 keys a second", phase: .apply1, settings: ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "10000"]),
    ]

    private static let cases =
        limits + Phase.allCases.filter { $0 != .apply1 }.map { Case(name: $0.rawValue, phase: $0) }

    /// Measures all cases, in turn.
    func run() async throws -> [LatencyFigures] {
        let base = try await SavedData.of(tenants)
        let starts = try await starts(from: base)
        var figures = Self.cases.map {
            LatencyFigures(beside: $0.name, isAtDefaults: $0.phase != nil && $0.settings.isEmpty)
        }
        for round in 1...rounds {
            for (index, one) in Self.cases.enumerated() {
                let start = one.phase.flatMap { starts[$0] } ?? base
                figures[index].rounds.append(try await latency(beside: one, from: start))
                progress("round \(round) of \(rounds): another client beside \(one.name)")
            }
        }
        return figures
    }

    private func latency(beside one: Case, from start: SavedData) async throws -> Latency {
        try await start.withServer { server in
            let programs = Programs(on: server, settings: one.settings)
            if one.phase?.needsRunOfThePhaseBefore == true { try await programs.cost(of: Phase.verify1.arguments) }
            let probe = Probe(tenants, on: server, asksForNewNames: one.phase?.isOfNewNames == true)
            if let phase = one.phase {
                try await programs.cost(of: phase.arguments, limit: Self.seconds)
            } else {
                try await Task.sleep(for: .seconds(Self.seconds))
            }
            return try await probe.end()
        }
    }

    /// The data with which each phase begins.
    private func starts(from base: SavedData) async throws -> [Phase: SavedData] {
        try await base.withServer { server in
            let programs = Programs(on: server)
            var starts: [Phase: SavedData] = [:]
            for phase in Phase.allCases {
                starts[phase] = try SavedData.of(server)
                try await programs.cost(of: phase.arguments)
                progress("prepared what follows \(phase.rawValue)")
            }
            return starts
        }
    }
}
