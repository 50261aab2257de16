import Foundation
import TestSupport
import Testing

/// What each command says and how it ends, in each row of the reconciler's table, against a real server.
@Suite("Every command in every state: golden files")
struct CommandGoldenTests {
    private static let golden = Golden("commands")

    @Test("what it says and how it ends is as it was", arguments: CommandCase.all)
    func asBefore(one: CommandCase) async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            guard try await stage.send("INFO", "server").text?.contains("redis_version:7.0.") == true else {
                try Test.cancel("the files are of Redis 7.0")
            }
            try await one.make(stage)
            let masked = try Masked([stage.server.socketPath: "SOCKET"])
            let connection = try await stage.connect()
            let saved = try await SavedKeyspace(connection)
            var text = ""
            for command in CommandCase.commands {
                let changes = try await stage.changes()
                let settings = ["MIGRATEREDIS_SCHEMA_TARGET": "1"].merging(one.settings) { $1 }
                let result = try await stage.run(command, with: settings)
                let status = try #require(result.exitStatus, "\(command): \(result)")
                text += "$ migrateredis \(command.joined(separator: " "))\n"
                text += masked.text(result.standardOutput)
                for line in masked.text(result.standardError).split(separator: "\n") { text += "! \(line)\n" }
                text += "→ \(status)\n\n"
                if try await stage.changes() != changes { try await saved.restore(on: connection) }
            }
            await connection.close()
            try Self.golden.compare(text, with: "\(one.name).txt")
        }
    }

    @Test("every file belongs to a state, and every state has its name once")
    func files() throws {
        let names = CommandCase.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(try Self.golden.names() == Set(names.map { "\($0).txt" }))
    }
}
