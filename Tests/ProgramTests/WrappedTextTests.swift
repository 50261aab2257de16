import Foundation
import TestSupport
import Testing

@testable import migrateredis

@Suite("Text on a terminal")
struct WrappedTextTests {
    private static let golden = Golden("screens")

    @Test(
        "is broken at words, under its own text",
        arguments: [
            ("short", ["short"]), ("", [""]),
            ("Wait      one two three four five", ["Wait      one two", "          three four", "          five"]),
            ("a sentence of many words", ["a sentence of many", "  words"]),
            ("  indented and too long by far", ["  indented and too", "    long by far"]),
            ("averyveryverylongwordofmorethan20", ["averyveryverylongwordofmorethan20"]),
            ("a averyveryverylongwordofmorethan20", ["a", "  averyveryverylongwordofmorethan20"]),
        ]
    )
    func rows(line: String, expected: [String]) {
        #expect(WrappedText.rows(of: line, width: 20) == expected)
        #expect(WrappedText.rows(of: line, width: .max) == [line])
    }

    @Test("status at 60 and at 120 columns is as it was", arguments: [60, 120])
    func status(width: Int) throws {
        for name in ["conflicts", "applying-elsewhere", "cleanup-needs-approval"] {
            let document = try #require(StatusCase.all.first { $0.name == name }).document()
            let rows = StatusText.lines(document).flatMap { WrappedText.rows(of: $0, width: width) }
            #expect(rows.allSatisfy { $0.count <= width }, "\(name)")
            try Self.golden.compare(rows.joined(separator: "\n") + "\n", with: "status-\(name)-\(width).txt")
        }
    }

    @Test("plan, status, list, check and history keep to a terminal of 60 columns", arguments: [60, 120])
    func terminal(width: Int) async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            try await stage.send("HSET", "tenant:{t0}:destination:d1", "id", "d1", "config", "theirs")
            _ = try await stage.run("pause", "--reason", "a reason of some length, as people write them", "--for", "2h")
            for command in ["status", "-migration 001_hash_tags plan", "list", "check", "history"] {
                let program = try ProductPath.find("migrateredis")
                // No words of a shell are in any of these.
                let result = try await ProcessRunner.run(
                    "/usr/bin/script",
                    ["-qec", "stty cols \(width) rows 24; \(program) \(command) 2>/dev/null", "/dev/null"],
                    environment: stage.address.merging(["PATH": "/usr/bin:/bin", "TERM": "xterm"]) { $1 },
                    directory: stage.server.directory
                )
                let rows = result.standardOutput.split(whereSeparator: \.isNewline)
                #expect(!rows.isEmpty, "\(command): \(result)")
                // A path of a server is one word.
                let long = rows.filter { $0.count > width && !$0.contains(stage.server.socketPath) }
                #expect(long.isEmpty, "\(command): \(long)")
            }
        }
    }
}
