import Foundation
import RedisClient
import TestSupport

/// A server's data in a file, from which other servers begin.
struct SavedData: Sendable {
    private let directory: TemporaryDirectory

    /// Keeps what a server has now.
    static func of(_ server: RedisServer) throws -> SavedData {
        let client = try PlainClient(server)
        guard client.send("SAVE").hasPrefix("+OK") else { throw TestSupportError("The server cannot save its data.") }
        guard let path = client.send("CONFIG GET dir").split(separator: "\r\n").last else {
            throw TestSupportError("The server does not say where its data is.")
        }
        let directory = try TemporaryDirectory()
        try FileManager.default.copyItem(atPath: "\(path)/dump.rdb", toPath: directory.file("dump.rdb"))
        return SavedData(directory: directory)
    }

    /// Loads a keyspace into a server, and keeps it.
    static func of(_ tenants: Tenants) async throws -> SavedData {
        try await withRedisServer { server in
            try tenants.load(into: server)
            return try SavedData.of(server)
        }
    }

    /// Lends a server of its own that has just loaded the data. What is changed there stays there.
    func withServer<T>(_ body: (RedisServer) async throws -> T) async throws -> T {
        let own = try TemporaryDirectory()
        // A server that saves writes another file and renames it: so the one that both names mean never changes.
        try FileManager.default.linkItem(atPath: directory.file("dump.rdb"), toPath: own.file("dump.rdb"))
        return try await withRedisServer(arguments: ["--dir", own.path], body)
    }
}
