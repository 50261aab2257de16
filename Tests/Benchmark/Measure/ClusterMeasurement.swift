import TestSupport

/// Apply of 001 on one server and in a cluster of three.
struct ClusterMeasurement {
    let tenants: Tenants
    let rounds: Int
    let settings: [String: String]

    /// Measures both, in turn.
    func run() async throws -> ClusterFigures {
        var figures = ClusterFigures(keys: tenants.keys)
        for round in 1...rounds {
            let one = try await withRedisServer(tcp: true) { server in
                try tenants.load(into: server)
                return try await Programs(byTCP: server, settings: settings).cost(of: Phase.apply1.arguments)
            }
            // A node that a busy machine keeps waiting is not to be declared dead.
            let three = try await withCluster(arguments: ["--cluster-node-timeout", "15000"]) { cluster in
                try await tenants.load(into: cluster)
                return try await Programs(on: cluster, settings: settings).cost(of: Phase.apply1.arguments)
            }
            figures.one.append(one)
            figures.three.append(three)
            progress("round \(round) of \(rounds): a cluster of three beside one server")
        }
        return figures
    }
}
