import Foundation
import RedisClient
import TestSupport
import Testing

/// What connections leave behind, in the process that made them.
@Suite("When connections end", .serialized)
struct ResourceTests {
    /// How many threads of this process have a name.
    private func threads(named name: String) throws -> Int {
        let tasks = "/proc/self/task"
        return try FileManager.default.contentsOfDirectory(atPath: tasks).count { task in
            // A thread may have ended since the list was made.
            (try? String(contentsOfFile: "\(tasks)/\(task)/comm", encoding: .utf8)) == name + "\n"
        }
    }

    private func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    /// How many clients of a name the server has: each has the other end of a descriptor of ours.
    private func clients(of server: RedisServer, named name: String) async throws -> Int {
        let observer = try await RedisConnection.open(server.options())
        let list = try await observer.send("CLIENT", "LIST").text ?? ""
        await observer.close()
        return list.split(separator: "\n").count { $0.contains(" name=\(name) ") }
    }

    @Test("by close or by their last reference, neither a descriptor nor a thread is left", arguments: [true, false])
    func ends(byClosing: Bool) async throws {
        let name = byClosing ? "ends-by-close" : "ends-by-itself"
        try await withRedisServer { server in
            var connections: [RedisConnection] = []
            for _ in 0..<50 {
                let connection = try await RedisConnection.open(server.options(clientName: name))
                _ = try await connection.send("PING")
                connections.append(connection)
            }
            // Else the counts below would prove nothing.
            #expect(try threads(named: name) == 50)
            #expect(try await clients(of: server, named: name) == 50)
            if byClosing {
                for connection in connections { await connection.close() }
                try await eventually("closed descriptors") { try await clients(of: server, named: name) == 0 }
                #expect(try threads(named: name) == 50)
            }
            connections = []
            try await eventually("closed descriptors") { try await clients(of: server, named: name) == 0 }
            try await eventually("ended threads") { try threads(named: name) == 0 }
        }
    }

    @Test("by a failure, the descriptor goes at once")
    func fails() async throws {
        try await withRedisServer { server in
            let options = server.options(clientName: "fails", commandTimeout: .milliseconds(50))
            let connection = try await RedisConnection.open(options)
            _ = try await failure { _ = try await connection.send("BLPOP", "list", "0") }
            try await eventually { try await clients(of: server, named: "fails") == 0 }
            #expect(await connection.isClosed)
        }
    }

    @Test("released on their own threads, they end all the same")
    func releasedOnOwnThread() async throws {
        try await withRedisServer { server in
            for _ in 0..<20 {
                var last: RedisConnection? = try await RedisConnection.open(server.options(clientName: "own-thread"))
                // The task goes on holding the only reference while the call runs; it ends with the call.
                let task = Task { [last] in _ = try await last?.send("PING") }
                last = nil
                try await task.value
            }
            try await eventually("ended threads") { try threads(named: "own-thread") == 0 }
        }
    }

    @Test("before they began, nothing is left either")
    func failuresToOpen() async throws {
        let port = try FreePort.find()
        let home = try TemporaryDirectory()
        let endpoints: [Endpoint] = [
            .tcp(host: "127.0.0.1", port: port), .unix(path: home.file("missing")), .tcp(host: "localhost", port: port),
        ]
        let before = try descriptors()
        for index in 0..<300 {
            let options = ConnectionOptions(endpoint: endpoints[index % 3], clientName: "never-began")
            _ = try await failure { _ = try await RedisConnection.open(options) }
        }
        // Other tests open and close descriptors meanwhile, but not so many.
        try await eventually("closed descriptors") { try descriptors() < before + 100 }
        try await eventually("ended threads") { try threads(named: "never-began") == 0 }
    }

    @Test("refused in the greeting, nothing is left either")
    func refusedGreetings() async throws {
        try await withRedisServer(arguments: ["--requirepass", "pw"]) { server in
            for _ in 0..<20 {
                _ = try await failure { _ = try await RedisConnection.open(server.options(clientName: "refused")) }
            }
            try await eventually("ended threads") { try threads(named: "refused") == 0 }
            let inside = try await RedisConnection.open(server.options(password: "pw"))
            try await eventually("closed descriptors") {
                try await inside.send("CLIENT", "LIST").text?.split(separator: "\n").count == 1
            }
        }
    }
}
