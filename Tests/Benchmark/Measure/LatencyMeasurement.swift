import TestSupport

/// What another client feels: without a migration, and beside the apply of 001 at several limits.
struct LatencyMeasurement {
    let tenants: Tenants
    let rounds: Int

    /// How long each case lasts at most.
    private static let seconds = 4.0

    /// What goes on beside it, and the settings of that; nil for nothing.
    private static let cases: [(name: String, settings: [String: String]?)] = [
        (LatencyFigures.nothing, nil),
        (LatencyFigures.defaults, [:]),
        ("batch-time 500us", ["MIGRATEREDIS_LIMITS_BATCH_TIME": "500us"]),
        ("batch-time 10ms", ["MIGRATEREDIS_LIMITS_BATCH_TIME": "10ms"]),
        ("10,000 keys a second", ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "10000"]),
    ]

    /// Measures all cases, in turn.
    func run() async throws -> [LatencyFigures] {
        let base = try await SavedData.of(tenants)
        var figures = Self.cases.map { LatencyFigures(beside: $0.name) }
        for round in 1...rounds {
            for (index, one) in Self.cases.enumerated() {
                let latency = try await base.withServer { server in
                    let probe = Probe(tenants, on: server)
                    if let settings = one.settings {
                        try await Programs(on: server, settings: settings)
                            .cost(of: Phase.apply1.arguments, limit: Self.seconds)
                    } else {
                        try await Task.sleep(for: .seconds(Self.seconds))
                    }
                    return try await probe.end()
                }
                figures[index].rounds.append(latency)
                progress("round \(round) of \(rounds): another client beside \(one.name)")
            }
        }
        return figures
    }
}
