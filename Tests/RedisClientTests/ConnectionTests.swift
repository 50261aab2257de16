import RedisClient
import TestSupport
import Testing

@Suite("A connection to a real server")
struct ConnectionTests {
    @Test("gets back the very bytes that it sent")
    func echo() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            let texts: [Bytes] = [
                [], [0], Bytes("\r\n"), [0xFF, 0xFE, 0xC0, 0x80], Bytes("$-1\r\n"), Bytes("*1\r\n$4\r\nPING\r\n"),
                Bytes(0...255), Bytes(repeating: 0xAA, count: 1 << 20),
            ]
            var requests = CommandBuffer()
            for text in texts { requests.append("ECHO", text) }
            let replies = try await connection.pipeline(requests)
            #expect(replies.map(\.bytes) == texts)
        }
    }

    @Test("takes commands of many arguments")
    func manyArguments() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            var requests = CommandBuffer()
            requests.append("RPUSH", [Bytes("list")] + (0..<100).map { Bytes("\($0)") })
            requests.append("LRANGE", "list", "0", "-1")
            let replies = try await connection.pipeline(requests).unlessError()
            #expect(replies[0].integer == 100)
            #expect(replies[1].elements.map(\.text) == (0..<100).map { "\($0)" })
        }
    }

    @Test("answers 10,000 commands in their order")
    func longPipeline() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            var requests = CommandBuffer()
            for _ in 0..<10_000 { requests.append("INCR", "counter") }
            let replies = try await connection.pipeline(requests)
            #expect(replies.map(\.integer) == (1...10_000).map { Int64($0) })
        }
    }

    @Test("carries a value of 100 MB both ways, and small ones after it")
    func largeValue() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options(commandTimeout: .seconds(60)))
            let count = 100_000_000
            var large = Bytes(repeating: 120, count: count)
            large[count / 2] = 10
            #expect(try await connection.send("SET", Bytes("large"), large).text == "OK")
            let reply = try await connection.send("GET", Bytes("large"))
            #expect(reply.withBytes { $0.count } == count)
            #expect(reply.withBytes { $0[count / 2] } == 10)
            #expect(try await connection.send("PING").text == "PONG")
        }
    }

    @Test("does nothing for an empty pipeline")
    func emptyPipeline() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            #expect(try await connection.pipeline(CommandBuffer()).isEmpty)
            #expect(try await connection.send("PING").text == "PONG")
        }
    }

    @Test("gives errors as replies of a pipeline, and throws them for one command")
    func errors() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            let replies = try await connection.pipeline(
                commands(["SET", "a", "1"], ["HGET", "a", "f"], ["GET", "a"])
            )
            #expect(replies.map(\.kind) == [.status, .error, .string])
            #expect(replies.firstError?.serverCode == "WRONGTYPE")
            let error = try await failure { _ = try await connection.send("HGET", "a", "f") }
            #expect(error.serverCode == "WRONGTYPE")
            #expect(error.outcome == .notExecuted)
            #expect(await !connection.isClosed)
            #expect(try await connection.send("GET", "a").text == "1")
        }
    }

    @Test("learns from EXEC that a watched key has changed, and that nothing was done")
    func watch() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            let other = try await RedisConnection.open(server.options())
            _ = try await connection.send("WATCH", "watched")
            _ = try await other.send("SET", "watched", "new")
            let transaction = commands(["MULTI"], ["SET", "result", "1"], ["EXEC"])
            let refused = try await connection.pipeline(transaction).unlessError()
            #expect(refused.map(\.kind) == [.status, .status, .null])
            #expect(try await connection.send("EXISTS", "result").integer == 0)
            let done = try await connection.pipeline(transaction).unlessError()
            #expect(done[2].elements.map(\.text) == ["OK"])
        }
    }

    @Test("sees the error at queue time and the EXECABORT that follows from it")
    func abortedTransaction() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            let replies = try await connection.pipeline(commands(["MULTI"], ["SET", "a", "1"], ["NOSUCH"], ["EXEC"]))
            #expect(replies.firstError?.serverCode == "ERR")
            #expect(replies[3].error?.serverCode == "EXECABORT")
            #expect(try await connection.send("EXISTS", "a").integer == 0)
        }
    }

    @Test("sees which command of a transaction failed while the others ran")
    func partlyDoneTransaction() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            let replies = try await connection.pipeline(
                commands(["MULTI"], ["SET", "a", "1"], ["HSET", "a", "f", "v"], ["SET", "b", "2"], ["EXEC"])
            ).unlessError()
            #expect(replies[4].elements.map(\.kind) == [.status, .error, .status])
            #expect(try await connection.send("GET", "b").text == "2")
        }
    }

    @Test("is known to the server by its name and number")
    func identity() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options(clientName: "some-name"))
            let id = await connection.id
            #expect(id > 0)
            let list = try #require(try await connection.send("CLIENT", "LIST").text)
            #expect(list.contains("id=\(id) "))
            #expect(list.contains(" name=some-name "))
        }
    }

    @Test("answers callers that come at the same time, each with its own reply")
    func concurrentCallers() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask { try await connection.send("ECHO", "\(number)").text == "\(number)" }
                }
                for try await isOwn in group { #expect(isOwn) }
            }
        }
    }

    @Test("is closed once, and says so to whoever uses it afterwards")
    func close() async throws {
        try await withRedisServer { server in
            let connection = try await RedisConnection.open(server.options())
            #expect(await !connection.isClosed)
            await connection.close()
            await connection.close()
            #expect(await connection.isClosed)
            let error = try await failure { _ = try await connection.send("PING") }
            #expect(error.code == .disconnected)
            #expect(error.outcome == .notExecuted)
            #expect(error.message.contains("closed by this program"))
        }
    }

    @Test("keeps replies that outlive it")
    func repliesOutlive() async throws {
        try await withRedisServer { server in
            var connection: RedisConnection? = try await RedisConnection.open(server.options())
            let reply = try await connection?.send("ECHO", "still here")
            await connection?.close()
            connection = nil
            #expect(reply?.text == "still here")
        }
    }
}
