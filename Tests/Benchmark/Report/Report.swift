/// All that a run has measured; the JSON document is this.
struct Report: Codable, Sendable {
    /// The server and its version.
    var server: String
    /// How many processors the machine has.
    var processors: Int
    /// How many keys are migrated, where nothing else is said.
    var keys: Int
    /// How often everything was measured, in turn.
    var rounds: Int
    /// The setting `limits.batch-time` where nothing else is said; nil for the default.
    var batchTime: String?
    var phases: [PhaseFigures] = []
    var growth: [GrowthFigures] = []
    var latency: [LatencyFigures] = []
    var cluster: ClusterFigures?
    var idle: IdleFigures?
    var aims: [Aim] = []
}

/// One phase beside its floors.
struct PhaseFigures: Codable, Sendable {
    var phase: Phase
    /// How many keys there are; costs are told for each of them, whether the phase concerns it or not.
    var keys: Int
    /// What the program sends for it.
    var traffic: Traffic
    var ours: [Cost] = []
    /// The same commands from a client that thinks nothing.
    var replay: [Cost] = []
    /// The commands of an earlier program from such a client; empty where none was given.
    var earlier: [Cost] = []
    /// Bare commands of the same effect; empty for phases that have none.
    var bare: [Cost] = []

    /// The part of our time that the replay needs: 1 is as fast as can be with these commands.
    var ratioToReplay: Double? { medianRatio(replay, ours) { $0.seconds } }
    /// The same of the processor time of client and server, which other work on the machine changes less.
    var processorRatioToReplay: Double? { medianRatio(replay, ours) { $0.allCPUSeconds } }
    /// How fast the program is beside a client that thinks nothing and sends what an earlier program sent.
    var ratioToEarlier: Double? { medianRatio(earlier, ours) { $0.seconds } }
    /// The part of our time that the bare commands need.
    var ratioToBare: Double? { medianRatio(bare, ours) { $0.seconds } }
    /// The same of the processor time.
    var processorRatioToBare: Double? { medianRatio(bare, ours) { $0.allCPUSeconds } }
    /// The most that was resident in any round, in KiB.
    var peakKiB: Int { ours.compactMap(\.peakKiB).max() ?? 0 }
}

/// What goes over the connections in one run. It hardly depends on the machine or on what else that does.
struct Traffic: Codable, Sendable {
    var commands: Int
    /// How many times the program wrote and then waited, over all connections.
    var roundTrips: Int
    var requestBytes: Int
    var replyBytes: Int

    init(_ recording: Recording) {
        commands = Int(recording.commands)
        roundTrips = recording.roundTrips
        requestBytes = recording.requestBytes
        replyBytes = Int(recording.replyBytes)
    }
}

/// The time that a number of keys takes.
struct GrowthFigures: Codable, Sendable {
    var keys: Int
    /// On servers as they are by default.
    var byDefault = GrowthCosts()
    /// On servers whose memory is in huge pages; empty where the system has none.
    var withHugePages = GrowthCosts()

    /// One of these of a key, the median of the rounds, in microseconds; nil where nothing was measured.
    func perKey(_ costs: GrowthCosts, _ value: (Cost) -> Double) -> Double? {
        zip(costs.apply, costs.verify).map { value($0) + value($1) }.median { $0 }.map { $0 / Double(keys) * 1e6 }
    }

    /// A bare COPY of a key, the median of the rounds, in microseconds; nil where nothing was measured.
    func barePerKey(_ costs: GrowthCosts) -> Double? { costs.bareSeconds.median { $0 }.map { $0 / Double(keys) * 1e6 } }

    /// The most that was resident in the program, in KiB.
    var peakKiB: Int { (byDefault.apply + byDefault.verify).compactMap(\.peakKiB).max() ?? 0 }
}

/// What a number of keys took on one kind of server, in each round.
struct GrowthCosts: Codable, Sendable {
    var apply: [Cost] = []
    var verify: [Cost] = []
    /// How long a COPY of each key took by a client that thinks nothing, in random order.
    var bareSeconds: [Double] = []
    /// How much of the server's memory was in huge pages in the end, from 0 to 1; empty where it was not to be.
    var hugeParts: [Double] = []

    /// Whether most of it was in each round: the system gives what it has.
    var areInHugePages: Bool { (hugeParts.min() ?? 0) >= 0.5 }
}

/// How another client fares.
struct LatencyFigures: Codable, Sendable {
    /// What was going on beside it.
    var beside: String
    /// Whether that was a migration at default limits.
    var isAtDefaults: Bool
    /// One for each round.
    var rounds: [Latency] = []

    /// The median of the rounds.
    var median: Latency {
        Latency(
            requests: Int(rounds.median { Double($0.requests) } ?? 0),
            p50: rounds.median(of: \.p50) ?? 0,
            p99: rounds.median(of: \.p99) ?? 0,
            worst: rounds.median(of: \.worst) ?? 0
        )
    }
}

/// How long replies took, in milliseconds.
struct Latency: Codable, Sendable {
    var requests: Int
    var p50: Double
    var p99: Double
    var worst: Double
}

/// Apply of 001 on one server and in a cluster of three, both by TCP.
struct ClusterFigures: Codable, Sendable {
    var keys: Int
    var one: [Cost] = []
    var three: [Cost] = []

    /// How much longer the cluster takes than one server.
    var ratio: Double? { medianRatio(three, one) { $0.seconds } }
}

/// What happens when nothing happens.
struct IdleFigures: Codable, Sendable {
    /// `migrateredis --version`: the start of the program alone.
    var version: [Cost] = []
    /// `migrateredis status` of a converged keyspace.
    var status: [Cost] = []
    /// From the start of a daemon to its word that all is as wanted, in seconds.
    var daemonStart: [Double] = []
    /// How many passes of an idle daemon were watched.
    var passes = 0
    /// Reads of the server on its behalf, and its commands, all together.
    var reads = 0
    var commands = 0
    /// What the daemon held resident then, in KiB.
    var residentKiB = 0

    /// By the server's own count.
    var roundTripsPerPass: Double { passes > 0 ? Double(reads) / Double(passes) : 0 }
    var commandsPerPass: Double { passes > 0 ? Double(commands) / Double(passes) : 0 }
}
