import Foundation
import Testing

@testable import TestSupport

@Suite("Output that nobody takes")
struct BlockedOutputTests {
    /// A pipe into which nothing fits.
    private func fullPipe() throws -> UnreadPipe {
        let pipe = try UnreadPipe()
        #expect(write(pipe.writeEnd, [UInt8](repeating: 120, count: 4096), 4096) == 4096)
        #expect(pipe.isFull)
        return pipe
    }

    @Test("the daemon works on, hears orders and ends when its log is a pipe that nobody empties")
    func log() async throws {
        try await withStage { stage in
            let pipe = try fullPipe()
            let daemon = try await stage.daemon(unread: pipe)
            try await eventually(timeout: .seconds(60), "the end of the migration") {
                try await stage.faultOfConverged() == nil
            }
            let changes = try await stage.changes()
            _ = try await stage.run("reconcile")
            #expect(try await stage.changes() > changes)
            let began = ContinuousClock.now
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForExit() == .exited(0))
            #expect(began.duration(to: .now) < .seconds(8))
            #expect(try await stage.lock() == nil)
            #expect(pipe.isFull, "nobody has read it, and it was open")
        }
    }

    @Test("the daemon tells a reader that comes late all that it kept")
    func lateReader() async throws {
        try await withStage { stage in
            let pipe = try fullPipe()
            let daemon = try await stage.daemon(unread: pipe)
            try await eventually(timeout: .seconds(60), "the end of the migration") {
                try await stage.faultOfConverged() == nil
            }
            var text = ""
            try await eventually("the log") {
                text += pipe.read()
                return text.contains("reason=Converged")
            }
            #expect(text.contains("step started"))
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForExit() == .exited(0))
        }
    }

    @Test("the daemon works on and ends when nobody reads the socket of the service manager")
    func notifications() async throws {
        try await withStage { stage in
            let socket = try UnreadSocket()
            try socket.fill()
            let daemon = try await stage.daemon(["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "1000000"])
            try await daemon.waitUntilConverged()
            daemon.signal(SIGHUP)
            try await daemon.waitForLine("configuration reloaded")
            let began = ContinuousClock.now
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForExit() == .exited(0))
            #expect(began.duration(to: .now) < .seconds(8))
            expectNone(try await stage.faultOfConverged())
        }
    }

    @Test(
        "the daemon works on and ends when the journal takes nothing any more",
        .enabled(if: geteuid() == 0, "needs root")
    )
    func journal() async throws {
        try await withStage { stage in
            let socket = try UnreadSocket(named: "socket")
            try socket.fill()
            let log = stage.server.directory + "/journal-stream"
            // A mount namespace of its own, in which the journal's socket is ours.
            let script = """
                mount -t tmpfs none /run && mkdir -p /run/systemd/journal &&
                mount --bind "$1" /run/systemd/journal && exec 2>"$2" &&
                JOURNAL_STREAM="$(stat --dereference --format=%d:%i "$2")" exec "$3"
                """
            let daemon = try await RunningProcess.start(
                "/usr/bin/unshare",
                [
                    "--mount", "sh", "-c", script, "sh", URL(filePath: socket.path).deletingLastPathComponent().path,
                    log,
                    try ProductPath.find("migrateredisd"),
                ],
                environment: stage.address.merging(Stage.untended) { $1 },
                directory: stage.server.directory
            )
            try await eventually(timeout: .seconds(60), "the end of the migration") {
                try await stage.faultOfConverged() == nil
            }
            let began = ContinuousClock.now
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForExit() == .exited(0))
            #expect(began.duration(to: .now) < .seconds(8))
            #expect(try await stage.lock() == nil)
            let text = try String(contentsOfFile: log, encoding: .utf8)
            #expect(!text.contains("step finished"), "it was the journal that it spoke to: \(text)")
        }
    }

    @Test("converge goes through on a terminal that nobody reads, and ends with the terminal")
    func terminal() async throws {
        try await withStage(Keyspace(tenants: 60)) { stage in
            let pipe = try fullPipe()
            let command = try ProductPath.find("migrateredis") + " converge"
            let screen = try await RunningProcess.start(
                "/usr/bin/script",
                ["--quiet", "--flush", "--command", command, "/dev/null"],
                environment: stage.address.merging(Stage.untended) { $1 }.merging(Stage.slow) { $1 },
                directory: stage.server.directory,
                unread: pipe
            )
            try await eventually(timeout: .seconds(120), "the end of the migration") {
                try await stage.faultOfConverged() == nil
            }
            #expect(pipe.isFull, "nobody has read it, and it was open")
            screen.signal(SIGKILL)
            _ = try await screen.waitForExit()
            try await eventually("the lock to be free and the program to end") {
                let clients = try await stage.server.cli("CLIENT", "LIST")
                return try await stage.lock() == nil && !clients.contains("name=migrateredis")
            }
        }
    }

    @Test(
        "converge goes through and gives the lock back when nobody reads what it says, and then waits to say how it went"
    )
    func converge() async throws {
        try await withStage { stage in
            let pipe = try fullPipe()
            let process = try await stage.start("converge", with: Stage.untended, unread: pipe)
            try await eventually(timeout: .seconds(60), "the end of the migration") {
                try await stage.faultOfConverged() == nil
            }
            process.signal(SIGTERM)
            // It may still have been in its last look.
            #expect([.exited(1), .exited(75)].contains(try await process.waitForExit()))
            #expect(pipe.isFull, "nobody has read it, and it was open")
        }
    }

    @Test("data wait for their reader, however slow, and are whole")
    func data() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let whole = try await stage.run("list")
            let pipe = try fullPipe()
            let process = try await stage.start("list", unread: pipe)
            await #expect(throws: TestSupportError.self, "it waits for longer than for a reader of talk") {
                try await process.waitForExit(timeout: .seconds(4))
            }
            var text = ""
            try await eventually(timeout: .seconds(30), "its end") {
                text += pipe.read()
                return process.termination != nil
            }
            text += pipe.read()
            #expect(process.termination == .exited(0))
            #expect(text.dropFirst(4096) == whole.standardOutput)
        }
    }
}
