import Foundation
import TestSupport
import Testing

@testable import migrateredis

@Suite("status --watch")
struct WatchScreenTests {
    private static let golden = Golden("watch")
    private static let shown = [
        "applying-elsewhere", "applying-strained", "paused", "conflicts", "soaking", "pinned", "unreachable",
    ]

    /// A walk that has gone on for ten seconds.
    private static func rates(_ document: StatusDocument) -> [String: WatchRate] {
        let now = ContinuousClock.now
        var rates: [String: WatchRate] = [:]
        for migration in document.migrations where migration.phase == .applying {
            var rate = WatchRate(0, at: now)
            rate.note(migration.progress?.processedItems ?? 0, at: now + .seconds(10))
            rates[migration.name] = rate
        }
        return rates
    }

    @Test("the pictures at 60 and at 120 columns are as they were", arguments: [60, 120])
    func pictures(width: Int) throws {
        for one in StatusCase.all where Self.shown.contains(one.name) {
            let document = try one.document()
            let lines = WatchScreen(width: width, hasColor: false).lines(document, rates: Self.rates(document))
            try Self.golden.compare(lines.joined(separator: "\n") + "\n", with: "\(one.name)-\(width).txt")
        }
    }

    @Test(
        "no line is longer than the terminal, and nothing that was stored steers it",
        arguments: [20, 41, 60, 80, 200]
    )
    func fits(width: Int) throws {
        for one in StatusCase.all {
            let document = try one.document()
            let lines = WatchScreen(width: width, hasColor: false).lines(document, rates: Self.rates(document))
            #expect(lines.allSatisfy { $0.count <= width }, "\(one.name)")
            #expect(lines.joined().unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }, "\(one.name)")
        }
    }

    @Test("colours come only where they are wanted, and take no column")
    func colors() throws {
        let document = try #require(StatusCase.all.first { $0.name == "conflicts" }).document()
        let plain = WatchScreen(width: 60, hasColor: false).lines(document, rates: [:])
        let colored = WatchScreen(width: 60, hasColor: true).lines(document, rates: [:])
        #expect(plain != colored)
        let bare = colored.map { $0.replacing(/\u{1B}\[\d+m/, with: "") }
        #expect(bare == plain)
    }

    @Test("where nobody watches a terminal, a line is written for each change, and it ends when interrupted")
    func plain() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let watch = try await stage.start("status", "--watch")
            try await watch.waitForOutput(containing: "Progressing: 001_hash_tags: planning")
            #expect(try await stage.run("pause", "--reason", "audit").exitStatus == 0)
            try await watch.waitForOutput(containing: "; Paused by")
            try await Task.sleep(for: .seconds(2))
            #expect(watch.signal(SIGINT))
            #expect(try await watch.waitForExit() == .exited(0))
            let lines = watch.standardOutput.split(separator: "\n")
            #expect(lines.count == 2 && !watch.standardOutput.contains("\u{1B}"), "\(watch.standardOutput)")
            let both = try await stage.run("status", "--watch", "--check")
            #expect(both.exitStatus == 64, "\(both)")
        }
    }
}
