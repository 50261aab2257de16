import Foundation
import TestSupport
import Testing

/// Who restarts a daemon after data were lost must not lose what tells of the loss.
@Suite("What a daemon has seen outlives it")
struct SeenKeyspaceTests {
    private func restart(_ stage: Stage, in directory: String?) async throws -> RunningProcess {
        try await stage.daemon(directory.map { ["STATE_DIRECTORY": $0] } ?? [:])
    }

    @Test("An emptied server is DataLost to the next process too, until a person says that it is right")
    func emptied() async throws {
        try await withStage(Keyspace(tenants: 3)) { stage in
            let state = try TemporaryDirectory()
            let first = try await restart(stage, in: state.path)
            try await first.waitUntilConverged()
            #expect(await first.stop() == .exited(0))
            let kept = try Data(contentsOf: URL(filePath: state.file("seen.json")))
            try await stage.send("FLUSHALL")
            // What somebody restores later is in the old form.
            try await stage.send("HSET", "tenant:late", "id", "late")

            let second = try await restart(stage, in: state.path)
            let line = try await second.waitForLine("stalled", "reason=DataLost")
            #expect(line.contains("from 1 to 0"), "\(line)")
            #expect(await second.stop() == .exited(0))
            #expect(
                try Data(contentsOf: URL(filePath: state.file("seen.json"))) == kept,
                "a restart is no word of a person"
            )
            #expect(try await stage.text("outpost:schema:version") == nil)

            let third = try await restart(stage, in: state.path)
            _ = try await third.waitForLine("stalled", "reason=DataLost")
            #expect(try await stage.run("retry").exitStatus == 0)
            try await third.waitUntilConverged()
            #expect(await third.stop() == .exited(0))
            #expect(try await stage.send("EXISTS", "tenant:{late}:tenant").integer == 1)

            let fourth = try await restart(stage, in: state.path)
            try await fourth.waitUntilConverged()
            #expect(await fourth.stop() == .exited(0))
        }
    }

    @Test(
        "A file that is none, is missing or is of another keyspace tells of nothing",
        arguments: [
            nil, "", "{", #"{"format":2,"keyspaces":{}}"#, #"{"format":1,"keyspaces":{"x":{"states":{},"version":9}}}"#,
        ]
    )
    func others(text: String?) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let state = try TemporaryDirectory()
            if let text { try state.write(text, to: "seen.json") }
            let daemon = try await restart(stage, in: state.path)
            try await daemon.waitUntilConverged()
            #expect(await daemon.stop() == .exited(0))
            let kept = try String(contentsOf: URL(filePath: state.file("seen.json")), encoding: .utf8)
            #expect(kept.contains(stage.server.socketPath) && kept.contains(#""version":1"#), "\(kept)")
        }
    }

    @Test("Without a directory, or with one that cannot be written, a daemon works as ever")
    func without() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            for directory in [nil, "/nonexistent/state", "/dev/null"] {
                let daemon = try await restart(stage, in: directory)
                try await daemon.waitUntilConverged()
                #expect(await daemon.stop() == .exited(0))
                let warnings = daemon.lines("seen.json cannot be written")
                #expect(warnings.isEmpty == (directory == nil), "\(warnings)")
            }
        }
    }
}
