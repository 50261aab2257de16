import ArgumentParser
import Foundation
import TestSupport

/// Measures the programs against what a client that thinks nothing needs for the same.
@main
struct Benchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark",
        abstract: "Measures migrateredis against floors: the same commands from a minimal client, and bare commands."
    )

    @ArgumentParser.Flag(help: "A look: 20,000 keys, one round.")
    var quick = false

    @ArgumentParser.Flag(help: "Growth up to 5,000,000 keys.")
    var full = false

    @Option(help: "How many keys are migrated, four of each tenant.")
    var keys: Int?

    @Option(help: "How many rounds; each measures everything once, in turn.")
    var rounds: Int?

    @Option(
        parsing: .singleValue,
        help: "Only these, with commas between: \(Section.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: { text in
            try text.split(separator: ",").map { name in
                guard let section = Section(rawValue: String(name)) else {
                    throw ValidationError("there is no section \(name)")
                }
                return section
            }
        }
    )
    var only: [[Section]] = []

    @Option(name: .customLong("batch-time"), help: "limits.batch-time, but for latencies: 50ms on a busy machine.")
    var batchTime: String?

    @Option(help: "`migrateredis` of another commit: what it sends, from a minimal client, is a floor too.")
    var earlier: String?

    @Option(help: "Also write everything that was measured into this file.")
    var json: String?

    @Option(help: "Also write plots into this directory.")
    var plots: String?

    func validate() throws {
        if let keys, keys < 4 { throw ValidationError("--keys: at least 4") }
        if let rounds, rounds < 1 { throw ValidationError("--rounds: at least 1") }
        if quick, full { throw ValidationError("--quick and --full exclude each other") }
    }

    private var sections: [Section] {
        only.isEmpty ? Section.allCases.filter { $0 != .counts } : only.flatMap { $0 }
    }

    private var settings: [String: String] {
        batchTime.map { ["MIGRATEREDIS_LIMITS_BATCH_TIME": $0] } ?? [:]
    }

    func run() async throws {
        let count = keys ?? (quick ? 20_000 : 200_000)
        let rounds = rounds ?? (quick ? 1 : 3)
        if sections.contains(.counts) { return try await printCounts(keys: keys ?? 2000) }
        var report = Report(
            server: try await Self.server(),
            processors: ProcessInfo.processInfo.activeProcessorCount,
            keys: Tenants(keys: count).keys,
            rounds: rounds,
            batchTime: batchTime
        )
        for section in sections {
            progress("== \(section.rawValue)")
            try await measure(section, keys: count, rounds: rounds, into: &report)
        }
        report.aims = report.judged()
        print(report.text())
        try write(report)
    }

    private func measure(_ section: Section, keys: Int, rounds: Int, into report: inout Report) async throws {
        let tenants = Tenants(keys: keys)
        // A cluster is loaded anew for each round, which takes long.
        let fewer = Tenants(keys: min(keys, 50_000))
        switch section {
        case .phases:
            report.phases = try await PhaseMeasurement(
                tenants: tenants,
                rounds: rounds,
                settings: settings,
                earlier: earlier
            )
            .run()
        case .growth:
            let sizes = full ? [50_000, 500_000, 5_000_000] : [min(50_000, keys / 4), keys]
            report.growth = try await GrowthMeasurement(sizes: sizes, rounds: rounds, settings: settings).run()
        case .latency:
            report.latency = try await LatencyMeasurement(tenants: tenants, rounds: rounds).run()
        case .cluster:
            report.cluster = try await ClusterMeasurement(tenants: fewer, rounds: rounds, settings: settings).run()
        case .idle:
            report.idle = try await IdleMeasurement(rounds: rounds, seconds: 10).run()
        case .counts:
            break
        }
    }

    /// One line a phase: its name, then commands, round trips, bytes there and bytes back for each key; and one of an
    /// idle pass, its commands and its round trips.
    ///
    /// Batches are as large as they become: how large is otherwise a matter of the machine.
    private func printCounts(keys: Int) async throws {
        let tenants = Tenants(keys: keys)
        let settings = ["MIGRATEREDIS_LIMITS_BATCH_TIME": batchTime ?? "1s"]
        for (phase, traffic) in try await PhaseMeasurement(tenants: tenants, rounds: 1, settings: settings).traffic() {
            print(([phase.rawValue] + traffic.perKey(tenants.keys)).joined(separator: " "))
        }
        let idle = try await IdleMeasurement(rounds: 1, seconds: 6).run()
        print("idle-pass \(decimals(idle.commandsPerPass, 2)) \(decimals(idle.roundTripsPerPass, 2)) - -")
    }

    private func write(_ report: Report) throws {
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(report).write(to: URL(filePath: json))
        }
        if let plots {
            try FileManager.default.createDirectory(atPath: plots, withIntermediateDirectories: true)
            for plot in report.plots() {
                try Data(plot.svg.utf8).write(to: URL(filePath: plots).appending(path: plot.file))
            }
        }
    }

    private static func server() async throws -> String {
        try await withRedisServer { server in
            let info = try PlainClient(server).send("INFO server")
            let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("redis_version:") }
            return "Redis " + (line?.dropFirst("redis_version:".count).description ?? "of an unknown version")
        }
    }
}
