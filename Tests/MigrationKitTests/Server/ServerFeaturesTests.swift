import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

@Suite("The features of a server")
struct ServerFeaturesTests {
    @Test("are those whose commands it answers")
    func answered() async throws {
        try await withBench { bench in
            let features = try await bench.features()
            for (command, isThere) in [
                "PEXPIRETIME k": features.hasExpiryTime, "HPEXPIRETIME k FIELDS 1 f": features.hasFieldExpiry,
                "HPEXPIREAT k 1 FIELDS 1 f": features.hasFieldExpiry, "COPY k l": features.copyMethod == .copy,
            ] {
                var works = true
                do { try await bench.send(command) } catch let error as RedisError {
                    #expect(error.code == .unsupportedServer)
                    works = false
                }
                #expect(works == isThere, "\(command)")
            }
        }
    }

    @Test("are the same where COMMAND is forbidden")
    func withoutCommand() async throws {
        try await withBench { bench in
            let features = try await bench.features()
            let seen = try await asking(bench, "-command")
            #expect(seen == features)
        }
    }

    @Test("lack COPY where it is forbidden and DUMP and RESTORE are not")
    func withoutCopy() async throws {
        try await withBench { bench in
            var features = try await bench.features()
            features.copyMethod = .restore
            let seen = try await asking(bench, "-copy")
            #expect(seen == features)
            let alone = try await asking(bench, "-copy", "-command")
            #expect(alone == features)
        }
    }

    @Test("have COPY where nothing may take its place, so that it is named", arguments: ["-dump", "-restore"])
    func withoutBoth(rule: String) async throws {
        try await withBench { bench in
            let features = try await bench.features()
            let seen = try await asking(bench, "-copy", rule)
            #expect(seen == features)
        }
    }

    @Test("lack what was renamed away", arguments: ["COPY", "PEXPIRETIME"])
    func renamed(command: String) async throws {
        var expected = try await withBench { try await $0.features() }
        // A server refuses to rename what it does not know.
        guard command == "COPY" || expected.hasExpiryTime else { return }
        if command == "COPY" { expected.copyMethod = .restore } else { expected.hasExpiryTime = false }
        try await withBench(arguments: ["--rename-command", command, ""]) { bench in
            let features = try await bench.features()
            #expect(features == expected)
        }
    }

    @Test("are asked for without a write")
    func writesNothing() async throws {
        try await withBench { bench in
            let before = try await bench.writes()
            _ = try await bench.features()
            _ = try await asking(bench, "-copy", "-command")
            let names = try await bench.count("*")
            #expect(names == 0)
            let after = try await bench.writes()
            #expect(after == before)
        }
    }

    /// What a user sees who may do all but this.
    private func asking(_ bench: Bench, _ rules: String...) async throws -> ServerFeatures {
        try await bench.send("ACL SETUSER other reset on nopass ~* &* +@all \(rules.joined(separator: " "))")
        let connection = try await bench.connect()
        _ = try await connection.send("AUTH", "other", "any")
        let features = try await ServerFeatures.read(from: connection, names: bench.names)
        await connection.close()
        return features
    }
}
