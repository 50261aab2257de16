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

    @Option(help: "How many keys are migrated.")
    var keys = 50_000

    @Option(help: "How many rounds; each measures everything once, in turn.")
    var rounds = 3

    func run() async throws {
        let saved = try await SavedKeyspace.make(Tenants(keys: keys))
        print("keyspace loaded: \(saved.tenants.keys) keys")
        let apply = ["-migration", "001_hash_tags", "-auto-approve", "apply"]
        let recording = try await saved.withServer { server in
            let recorder = try Recorder(to: server.socketPath)
            _ = try await ProgramRun.migrateredis(apply, on: recorder.socketPath)
            return try await recorder.take()
        }
        let keys = Double(saved.tenants.keys)
        print(
            "per key: \(Double(recording.commands) / keys) commands, \(Double(recording.roundTrips) / keys) round trips, "
                + "\(Double(recording.requestBytes) / keys) bytes there, \(Double(recording.replyBytes) / keys) back"
        )
        guard recording.errors == 0, recording.nils == 0 else {
            throw TestSupportError("\(recording.errors) errors and \(recording.nils) lost races in the recording.")
        }
        let copies = saved.tenants.copies()
        for round in 1...rounds {
            let ours = try await saved.withServer { try await ProgramRun.migrateredis(apply, on: $0.socketPath) }
            let replay = try await saved.withServer { try Replay.run(recording, on: $0.socketPath) }
            let bare = try await saved.withServer { try Replay.run(copies, on: $0.socketPath) }
            print("round \(round): ours \(ours) replay \(replay) bare \(bare)")
            print("  ratio to replay \(replay.seconds / ours.seconds), to bare COPY \(bare.seconds / ours.seconds)")
        }
    }
}
