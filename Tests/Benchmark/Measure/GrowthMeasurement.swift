import TestSupport

/// Apply and verify of 001 on keyspaces of growing sizes, and a bare COPY of each key.
struct GrowthMeasurement {
    let sizes: [Int]
    let rounds: Int
    let settings: [String: String]

    /// More keys than this are measured once: that is long enough to be even.
    private static let manyKeys = 1_000_000

    /// Measures all sizes, from the least to the greatest.
    func run() async throws -> [GrowthFigures] {
        var figures = sizes.sorted().map { GrowthFigures(keys: Tenants(keys: $0).keys) }
        for round in 1...rounds {
            for index in figures.indices where round == 1 || figures[index].keys <= Self.manyKeys {
                let keys = figures[index].keys
                let (apply, verify) = try await withRedisServer { server in
                    try Tenants(keys: keys).load(into: server)
                    let programs = Programs(on: server, settings: settings)
                    return (
                        try await programs.cost(of: Phase.apply1.arguments),
                        try await programs.cost(of: Phase.verify1.arguments)
                    )
                }
                figures[index].apply.append(apply)
                figures[index].verify.append(verify)
                figures[index].bareSeconds.append(try await bareCopies(of: Tenants(keys: keys)))
                progress("round \(round) of \(rounds): \(grouped(keys)) keys")
            }
        }
        return figures
    }

    /// How much of what grows is the server's: it has nothing else to do than these.
    private func bareCopies(of tenants: Tenants) async throws -> Double {
        try await withRedisServer { server in
            try tenants.load(into: server)
            let commands = tenants.copiesInRandomOrder()
            let result = try Replay.run(commands, on: server.socketPath)
            guard result.replies == commands.commands, result.errors == 0 else {
                throw TestSupportError("Bare COPY: \(result.errors) errors.")
            }
            return result.seconds
        }
    }
}
