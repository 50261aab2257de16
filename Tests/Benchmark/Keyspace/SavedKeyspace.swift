import Foundation
import RedisClient
import TestSupport

/// A keyspace in a file, from which every round's server begins.
struct SavedKeyspace: Sendable {
    /// What is in it.
    let tenants: Tenants
    private let directory: TemporaryDirectory

    /// Loads the keyspace into a server once, and keeps what that saves.
    static func make(_ tenants: Tenants) async throws -> SavedKeyspace {
        let directory = try TemporaryDirectory()
        try await withRedisServer(arguments: ["--dir", directory.path]) { server in
            try tenants.load { recording in
                let result = try Replay.run(recording, on: server.socketPath)
                guard result.errors == 0 else { throw TestSupportError("The keyspace could not be loaded.") }
            }
            try await server.withConnection { connection in
                guard try await connection.send("DBSIZE").integer == Int64(tenants.keys) else {
                    throw TestSupportError("The keyspace was not loaded whole.")
                }
                _ = try await connection.send("SAVE")
            }
        }
        return SavedKeyspace(tenants: tenants, directory: directory)
    }

    /// Lends a server of its own that has just loaded the keyspace. What is changed there stays there.
    func withServer<T>(_ body: (RedisServer) async throws -> T) async throws -> T {
        try await withRedisServer(arguments: ["--dir", directory.path], body)
    }
}

extension RedisServer {
    /// Lends a connection of the default user, patient enough for a SAVE.
    func withConnection<T: Sendable>(_ body: (RedisConnection) async throws -> T) async throws -> T {
        let connection = try await RedisConnection.open(
            ConnectionOptions(
                endpoint: .unix(path: socketPath),
                clientName: "benchmark",
                commandTimeout: .seconds(120)
            )
        )
        let result: Result<T, any Error>
        do {
            result = .success(try await body(connection))
        } catch {
            result = .failure(error)
        }
        await connection.close()
        return try result.get()
    }
}
