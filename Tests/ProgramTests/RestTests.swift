import Foundation
import Programs
import RedisClient
import TestSupport
import Testing

/// What a process holds resident once it has nothing to do.
@Suite("At rest", .serialized)
struct RestTests {
    @Test("pages that are as in their files are given back, and come back when they are used")
    func giveBack() throws {
        // Touched before and after: text, read-only data, and what the loader has written into.
        let words = ["three", "one", "two"]
        let before = try Self.resident(of: getpid(), "RssFile:")
        ResidentMemory.giveBack()
        let after = try Self.resident(of: getpid(), "RssFile:")
        #expect(after < before / 2, "\(before) KiB before, \(after) KiB after")
        #expect(words.sorted() == ["one", "three", "two"])
        #expect(String(describing: RedisError.self) == "RedisError")
    }

    @Test("a daemon keeps what its rest needs, and not what its start and its steps needed")
    func daemon() async throws {
        try await withStage(Keyspace(tenants: 20)) { stage in
            let daemon = try await stage.daemon(["MIGRATEREDIS_RECONCILE_INTERVAL": "1s"])
            try await daemon.waitForLine("NOTICE converged")
            let most = try Self.resident(of: daemon.pid, "VmHWM:")
            // Passes bring back what they need, once; what is left after three of them is what the rest costs.
            try await Task.sleep(for: .seconds(4))
            let early = try Self.resident(of: daemon.pid, "VmRSS:")
            try await Task.sleep(for: .seconds(3))
            let late = try Self.resident(of: daemon.pid, "VmRSS:")
            #expect(late < most * 9 / 10, "\(late) KiB of \(most) KiB")
            #expect(late - early < 512, "\(early) KiB, then \(late) KiB")
            #expect(await daemon.stop() == .exited(0))
        }
    }

    /// A line of proc(5)'s status, in KiB.
    private static func resident(of pid: Int32, _ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name) })
        return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
    }
}
