import TestSupport
import Testing

@testable import RedisClient

@Suite("Replies of which the size is known")
struct ExpectedBytesTests {
    @Test("may have as many bytes as the pipeline says, and a connection that got more is opened anew")
    func bounded() async throws {
        try await withRedisServer { server in
            let options = ConnectionOptions(endpoint: .unix(path: server.socketPath))
            let connection = try await RedisConnection.open(options)
            _ = try await connection.send("SET", Bytes("k"), Bytes(repeating: 120, count: 5_000_000))
            var commands = CommandBuffer()
            commands.expect(replyBytes: 4_000_000)
            commands.append("GET", Bytes("k"))
            #expect(try await connection.pipeline(commands)[0].bytes?.count == 5_000_000, "2 MiB are allowed besides")
            commands.append("GET", Bytes("k"))
            #expect(try await connection.reopen().isEmpty, "it is not closed")
            let error = await #expect(throws: RedisError.self) { _ = try await connection.pipeline(commands) }
            #expect(error?.code == .replyTooLarge && error?.isRetryable == false && error?.isConnectivity == false)
            #expect(await connection.isClosed)
            let former = await connection.id
            #expect(try await connection.reopen().map(\.id) == [former])
            #expect(await connection.id != former)
            #expect(try await connection.send("STRLEN", Bytes("k")).integer == 5_000_000)
        }
    }

    @Test("are bounded by the options where the pipeline says nothing")
    func usual() async throws {
        try await withRedisServer { server in
            var options = ConnectionOptions(endpoint: .unix(path: server.socketPath))
            options.limits.usual = 1_000_000
            let connection = try await RedisConnection.open(options)
            _ = try await connection.send("SET", Bytes("k"), Bytes(repeating: 120, count: 1_500_000))
            var commands = CommandBuffer()
            commands.expect(replyBytes: 1_500_000)
            commands.append("GET", Bytes("k"))
            #expect(try await connection.pipeline(commands)[0].bytes?.count == 1_500_000)
            let error = await #expect(throws: RedisError.self) { _ = try await connection.send("GET", Bytes("k")) }
            #expect(error?.code == .replyTooLarge)
        }
    }

    @Test("of several pipelines in one are added up")
    func sums() {
        var one = CommandBuffer()
        #expect(one.replyBytes == nil)
        var other = CommandBuffer()
        other.expect(replyBytes: 5)
        one.append(contentsOf: other)
        one.append(contentsOf: CommandBuffer())
        one.append(contentsOf: other)
        #expect(one.replyBytes == 10)
        one.expect(replyBytes: .max)
        one.expect(replyBytes: .max)
        #expect(one.replyBytes.map { $0 + (1 << 40) > $0 } == true, "it is a number that can be added to")
    }
}
