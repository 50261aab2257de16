import TestSupport

/// Apply and verify of 001 on keyspaces of growing sizes, and a bare COPY of each key; on servers as they are by default, and
/// on servers whose memory is in huge pages.
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
                let tenants = Tenants(keys: figures[index].keys)
                try await measure(tenants, in: .byDefault, into: &figures[index].byDefault)
                if HugePages.areThere { try await measure(tenants, in: .huge, into: &figures[index].withHugePages) }
                progress("round \(round) of \(rounds): \(grouped(tenants.keys)) keys")
            }
        }
        return figures
    }

    private func measure(_ tenants: Tenants, in pages: ServerPages, into costs: inout GrowthCosts) async throws {
        try await withRedisServer(in: pages) { server in
            try tenants.load(into: server)
            let programs = Programs(on: server, settings: settings)
            costs.apply.append(try await programs.cost(of: Phase.apply1.arguments))
            costs.verify.append(try await programs.cost(of: Phase.verify1.arguments))
            if pages == .huge { costs.hugeParts.append(try HugePages.part(of: server)) }
        }
        costs.bareSeconds.append(try await bareCopies(of: tenants, in: pages))
    }

    /// How much of what grows is the server's: it has nothing else to do than these.
    private func bareCopies(of tenants: Tenants, in pages: ServerPages) async throws -> Double {
        try await withRedisServer(in: pages) { server in
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
