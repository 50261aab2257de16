import Foundation
import TestSupport
import Testing

@Suite("A password file that is rotated under the daemon")
struct PasswordChangeTests {
    /// Lends a converged daemon that reads its password from a file.
    private func withDaemon(_ body: (Stage, RunningProcess, TemporaryDirectory) async throws -> Void) async throws {
        try await withStage(Keyspace(tenants: 2), password: "first") { stage in
            let home = try TemporaryDirectory()
            let file = try home.write("first\n", to: "password")
            let daemon = try await stage.daemon(["REDIS_PASSWORD_FILE": file])
            try await daemon.waitUntilConverged()
            try await body(stage, daemon, home)
            for password in ["first", "second"] { #expect(!daemon.standardError.contains(password)) }
            #expect(await daemon.stop() == .exited(0))
        }
    }

    /// Changes the server's password and cuts everybody off.
    private func changeOnServer(_ stage: Stage) async throws {
        try await stage.withConnection { connection in
            _ = try await connection.send("CONFIG", "SET", "requirepass", "second")
            _ = try await connection.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        }
    }

    /// How often the daemon has greeted and was let in.
    private func isConnected(_ stage: Stage) async throws -> Bool {
        let after = try await Stage(server: stage.server, keyspace: stage.keyspace, password: "second")
        return try await after.send("CLIENT", "LIST").text?.contains("name=migrateredisd ") == true
    }

    @Test("first the file, then the server: nobody notices")
    func fileFirst() async throws {
        try await withDaemon { stage, daemon, home in
            try home.write("second\n", to: "password")
            try await changeOnServer(stage)
            try await eventually(timeout: .seconds(30), "the daemon to be back") { try await isConnected(stage) }
            #expect(daemon.lines("PermissionDenied").isEmpty)
        }
    }

    @Test("first the server, then the file: it stalls, and goes on without a reload")
    func serverFirst() async throws {
        try await withDaemon { stage, daemon, home in
            try await changeOnServer(stage)
            try await daemon.waitForLine("stalled", "reason=PermissionDenied", "WRONGPASS")
            try home.write("second\n", to: "password")
            try await eventually(timeout: .seconds(30), "the daemon to be back") { try await isConnected(stage) }
            #expect(daemon.lines("configuration reloaded").isEmpty)
        }
    }

    @Test("a file that is missing for a while is told of by name, and found when it is back")
    func missing() async throws {
        try await withDaemon { stage, daemon, home in
            try FileManager.default.removeItem(atPath: home.file("password"))
            try await changeOnServer(stage)
            try await daemon.waitForLine("stalled", home.file("password"), "No such file")
            try home.write("second\n", to: "password")
            try await eventually(timeout: .seconds(30), "the daemon to be back") { try await isConnected(stage) }
        }
    }
}
