import Foundation
import TestSupport
import Testing

/// What systemd does once at a service's start is done here by the test: it copies the password's file.
@Suite("A password that systemd handed over")
struct CredentialTests {
    /// A configuration file with its password's file beside it, and the copy that systemd would have made of that.
    private struct Host {
        let etc: TemporaryDirectory
        let credentials: TemporaryDirectory

        init(_ password: String?) throws {
            etc = try TemporaryDirectory()
            credentials = try TemporaryDirectory()
            try etc.write("schema: {target: 1}\nreconcile: {interval: 1s}\n", to: "migrateredis.yaml")
            if let password { try etc.write(password, to: "redis-password") }
            try copy(password ?? "\n")
        }

        func copy(_ password: String) throws { try credentials.write(password, to: "redis-password") }

        func start(_ stage: Stage, _ variables: [String: String] = [:]) async throws -> RunningProcess {
            try await stage.daemon(
                variables.merging(["CREDENTIALS_DIRECTORY": credentials.path, "REDIS_USERNAME": ""]) { $1 },
                without: ["MIGRATEREDIS_SCHEMA_TARGET", "REDIS_PASSWORD"],
                arguments: ["--config", etc.file("migrateredis.yaml")]
            )
        }
    }

    private func changeOnServer(_ stage: Stage, cutting: Bool) async throws {
        try await stage.withConnection { connection in
            _ = try await connection.send("CONFIG", "SET", "requirepass", "second")
            if cutting { _ = try await connection.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") }
        }
    }

    @Test("and whose file is as it was survives a reload")
    func unchanged() async throws {
        try await withStage(Keyspace(tenants: 2), password: "first") { stage in
            let host = try Host("first")
            let daemon = try await host.start(stage)
            try await daemon.waitUntilConverged()
            daemon.signal(SIGHUP)
            try await daemon.waitForLine("configuration reloaded")
            #expect(daemon.lines("password changed").isEmpty)
            try host.copy("first")
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("and whose file was changed ends the daemon at a reload, with a status for which systemd starts it again")
    func reload() async throws {
        try await withStage(Keyspace(tenants: 2), password: "first") { stage in
            let host = try Host("first")
            let socket = try NotifySocket()
            let daemon = try await host.start(stage, socket.variables)
            try await daemon.waitUntilConverged()
            try await changeOnServer(stage, cutting: false)
            try host.etc.write("second", to: "redis-password")
            #expect(daemon.termination == nil, "nothing was said yet")
            daemon.signal(SIGHUP)
            #expect(try await daemon.waitForExit() == .exited(75))
            #expect(daemon.lines("password changed; ending for a restart").count == 1)
            // systemctl reload ends well before that.
            let told = socket.assignments.filter { ["RELOADING=1", "READY=1", "STOPPING=1"].contains($0) }
            #expect(told == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"])

            try host.copy("second")
            let next = try await host.start(stage)
            try await next.waitUntilConverged()
            #expect(await next.stop() == .exited(0))
        }
    }

    @Test("and that Redis refuses ends the daemon when the file is newer, and not before")
    func refused() async throws {
        try await withStage(Keyspace(tenants: 2), password: "first") { stage in
            let host = try Host("first")
            let daemon = try await host.start(stage)
            try await daemon.waitUntilConverged()
            try await changeOnServer(stage, cutting: true)
            try await daemon.waitForLine("stalled", "reason=PermissionDenied", "WRONGPASS")
            #expect(daemon.termination == nil, "a restart would not help: the file is as it was")
            // As an editor does it that keeps the time of modification.
            let file = try host.etc.write("second", to: "redis-password.draft")
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 0)],
                ofItemAtPath: file
            )
            #expect(rename(file, host.etc.file("redis-password")) == 0)
            daemon.signal(SIGHUP)
            #expect(try await daemon.waitForExit() == .exited(75))
        }
    }

    @Test("in a step: the batch in hand ends, and the next daemon goes on from the checkpoint")
    func inStep() async throws {
        try await withStage(Keyspace(tenants: 30), password: "first") { stage in
            let host = try Host("first")
            let daemon = try await host.start(stage, Stage.slow)
            try await daemon.waitForLine("step started", "phase=apply")
            try host.etc.write("first", to: "redis-password")
            daemon.signal(SIGHUP)
            #expect(try await daemon.waitForExit() == .exited(75))
            #expect(try await stage.lock() == nil)
            #expect(try await stage.phase() == "applying")
            try host.copy("first")
            let next = try await host.start(stage)
            try await next.waitUntilConverged()
            #expect(await next.stop() == .exited(0))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test("none at first: a file that comes later is found at a reload")
    func later() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let host = try Host(nil)
            let daemon = try await host.start(stage)
            try await daemon.waitUntilConverged()
            try host.etc.write("second", to: "redis-password")
            daemon.signal(SIGHUP)
            #expect(try await daemon.waitForExit() == .exited(75))
        }
    }
}
