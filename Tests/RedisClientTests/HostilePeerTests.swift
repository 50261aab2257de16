import Foundation
import TestSupport
import Testing

@testable import RedisClient

/// Whatever a peer does, a call ends by its deadline, with the truth about whether its commands ran.
@Suite("A peer")
struct HostilePeerTests {
    private static let short = Duration.milliseconds(300)
    /// Far less than any deadline that a test does not wait for, and far more than a busy machine needs.
    private static let prompt = Duration.seconds(10)

    /// Sends one PING to a peer that has greeted; gives how the call failed and how long it took.
    private func ping(
        timeout: Duration,
        limits: ReplyLimits = ReplyLimits(),
        script: @escaping @Sendable (PeerSocket) -> Void
    ) async throws -> (error: RedisError, time: Duration) {
        let peer = try RawPeer()
        peer.serveGreeted { socket in
            socket.read(until: "PING\r\n")
            script(socket)
        }
        let connection = try await RedisConnection.open(peer.options(commandTimeout: timeout, limits: limits))
        #expect(await connection.id == 7)
        let start = ContinuousClock.now
        let error = try await failure { _ = try await connection.send("PING") }
        let time = ContinuousClock.now - start
        #expect(await connection.isClosed)
        let after = try await failure { _ = try await connection.send("PING") }
        #expect(after.code == .disconnected)
        #expect(after.outcome == .notExecuted)
        return (error, time)
    }

    @Test("that is silent is given up at the deadline")
    func silence() async throws {
        let (error, time) = try await ping(timeout: Self.short) { $0.waitForHangUp() }
        #expect(error.code == .timedOut)
        #expect(error.outcome == .unknown)
        #expect(error.message.contains("0 of 1 replies"))
        #expect(time >= Self.short && time < Self.prompt)
    }

    @Test("that is silent from the start is given up at the deadline for connecting")
    func silentGreeting() async throws {
        let peer = try RawPeer()
        peer.serve { $0.waitForHangUp() }
        let start = ContinuousClock.now
        let error = try await failure { _ = try await RedisConnection.open(peer.options(connectTimeout: Self.short)) }
        let time = ContinuousClock.now - start
        #expect(error.code == .timedOut)
        #expect(error.outcome == .notExecuted)
        #expect(time >= Self.short && time < Self.prompt)
    }

    @Test(
        "that greets a byte at a time is given up at the deadline for connecting",
        arguments: ["+", "$99999\r\n", "-ERR "]
    )
    func trickledGreeting(beginning: String) async throws {
        let peer = try RawPeer()
        peer.serve { socket in
            socket.write(beginning)
            while socket.write("x") { usleep(50_000) }
        }
        let start = ContinuousClock.now
        let error = try await failure { _ = try await RedisConnection.open(peer.options(connectTimeout: Self.short)) }
        let time = ContinuousClock.now - start
        #expect(error.code == .timedOut && error.outcome == .notExecuted)
        #expect(time >= Self.short && time < Self.prompt)
    }

    @Test("that sends a byte now and then does not extend the deadline")
    func trickle() async throws {
        let (error, time) = try await ping(timeout: Self.short) { socket in
            socket.write("$1000000\r\n")
            while socket.write("x") { usleep(50_000) }
        }
        #expect(error.code == .timedOut)
        #expect(error.outcome == .unknown)
        #expect(time >= Self.short && time < Self.prompt)
    }

    @Test("that never stops sending does not extend the deadline either")
    func flood() async throws {
        let (error, time) = try await ping(timeout: Self.short) { socket in
            socket.write("*16777216\r\n")
            let integers = Bytes(String(repeating: ":1\r\n", count: 10_000))
            while socket.write(integers) {}
        }
        #expect(error.code == .timedOut)
        #expect(error.outcome == .unknown)
        #expect(time >= Self.short && time < Self.prompt)
    }

    @Test("that never stops sending is given up at the limit when that comes first")
    func floodBeyondLimit() async throws {
        let (error, time) = try await ping(timeout: .seconds(30), limits: ReplyLimits(bytes: 1 << 20)) { socket in
            socket.write("*1000\r\n")
            let strings = Bytes("$60000\r\n") + Bytes(repeating: 120, count: 60_000) + Bytes("\r\n")
            while socket.write(strings) {}
        }
        #expect(error.code == .protocolViolation)
        #expect(error.outcome == .unknown)
        #expect(time < Self.prompt)
    }

    @Test("that promises too much is refused before it sends it")
    func hugePromise() async throws {
        let (error, time) = try await ping(timeout: .seconds(30), limits: ReplyLimits(bytes: 1 << 20)) { socket in
            socket.write("$536870912\r\n")
            socket.waitForHangUp()
        }
        #expect(error.code == .protocolViolation)
        #expect(time < Self.prompt)
    }

    @Test(
        "that hangs up before or in the middle of a reply leaves the outcome unknown",
        arguments: ["", "$", "$5\r\nhel", "*2\r\n:1\r\n", "+PONG\r"]
    )
    func hangsUp(_ reply: String) async throws {
        let (error, time) = try await ping(timeout: .seconds(30)) { $0.write(reply) }
        #expect(error.code == .disconnected)
        #expect(error.outcome == .unknown)
        #expect(time < Self.prompt)
    }

    @Test("that resets the connection leaves the outcome unknown", arguments: ["", "*2\r\n:1\r\n"])
    func resets(_ reply: String) async throws {
        let peer = try RawPeer(tcp: true)
        peer.serveGreeted { socket in
            socket.read(until: "PING\r\n")
            socket.write(reply)
            socket.reset()
        }
        let connection = try await RedisConnection.open(peer.options())
        let error = try await failure { _ = try await connection.send("PING") }
        #expect(error.code == .disconnected)
        #expect(error.outcome == .unknown)
    }

    @Test("that hangs up after some of the replies is reported with their number")
    func someReplies() async throws {
        let peer = try RawPeer()
        peer.serveGreeted { socket in
            socket.read(until: "THREE\r\n")
            socket.write("+ONE\r\n-WRONGTYPE two\r\n")
        }
        let connection = try await RedisConnection.open(peer.options())
        let error = try await failure { _ = try await connection.pipeline(commands(["ONE"], ["TWO"], ["THREE"])) }
        // What an earlier command got says nothing about the last one.
        #expect(error.code == .disconnected)
        #expect(error.outcome == .unknown)
        #expect(error.message.contains("2 of 3 replies"))
    }

    @Test("that hangs up while nothing is asked is noticed before anything is sent")
    func idleHangUp() async throws {
        let peer = try RawPeer()
        let (goOn, done) = (Gate(), Gate())
        peer.serveGreeted { socket in
            goOn.wait()
            socket.hangUp()
            done.open()
        }
        let connection = try await RedisConnection.open(peer.options())
        goOn.open()
        try await eventually { done.isOpen() }
        // The end of the stream arrives a moment after the peer has closed it.
        try await Task.sleep(for: .milliseconds(200))
        let error = try await failure { _ = try await connection.send("SET", "a", "1") }
        #expect(error.code == .disconnected)
        #expect(error.outcome == .notExecuted)
    }

    @Test("that hangs up after the reply has answered all the same")
    func hangsUpAfterwards() async throws {
        let peer = try RawPeer()
        peer.serveGreeted { socket in
            socket.read(until: "PING\r\n")
            socket.write("+PONG\r\n")
        }
        let connection = try await RedisConnection.open(peer.options())
        let reply = try await connection.send("PING")
        #expect(reply.text == "PONG")
        try await eventually("the end to be seen without a question") { await connection.isClosed }
        let error = try await failure { _ = try await connection.send("PING") }
        #expect(error.code == .disconnected)
    }

    @Test("that is gone before the greeting was not asked anything")
    func hangsUpAtOnce() async throws {
        let peer = try RawPeer()
        peer.serve { _ in }
        let error = try await failure { _ = try await RedisConnection.open(peer.options()) }
        #expect(error.code == .disconnected)
        #expect(error.outcome == .notExecuted)
    }

    @Test(
        "that sends one reply more at once is refused",
        arguments: ["+PONG\r\n+PONG\r\n", "+PONG\r\n*", "+PONG\r\n*1\r\n"]
    )
    func surplus(_ reply: String) async throws {
        let (error, _) = try await ping(timeout: .seconds(30)) { socket in
            socket.write(reply)
            socket.waitForHangUp()
        }
        #expect(error.code == .protocolViolation)
        #expect(error.outcome == .unknown)
    }

    @Test("that sends a reply more later does not answer the next command with it")
    func lateSurplus() async throws {
        let peer = try RawPeer()
        let (goOn, done) = (Gate(), Gate())
        peer.serveGreeted { socket in
            socket.read(until: "PING\r\n")
            socket.write("+PONG\r\n")
            goOn.wait()
            socket.write("+STALE\r\n")
            done.open()
            socket.readToEnd()
        }
        let connection = try await RedisConnection.open(peer.options())
        _ = try await connection.send("PING")
        goOn.open()
        try await eventually { done.isOpen() }
        let error = try await failure { _ = try await connection.send("GET", "a") }
        #expect(error.code == .protocolViolation)
        #expect(error.outcome == .notExecuted)
        #expect(await connection.isClosed)
    }

    private static let large = Bytes(repeating: 120, count: 64 << 20)

    @Test("that never reads is given up at the deadline, 64 MB before its eyes")
    func neverReads() async throws {
        let peer = try RawPeer()
        peer.serveGreeted { $0.waitForHangUp() }
        let connection = try await RedisConnection.open(peer.options(commandTimeout: Self.short))
        let start = ContinuousClock.now
        let error = try await failure { _ = try await connection.send("SET", Bytes("a"), Self.large) }
        let time = ContinuousClock.now - start
        #expect(error.code == .timedOut)
        #expect(error.outcome == .unknown)
        #expect(time >= Self.short && time < Self.prompt)
    }

    @Test("that answers what it has not read is refused at once, not watched in a loop")
    func answersTooEarly() async throws {
        let peer = try RawPeer()
        peer.serveGreeted { socket in
            socket.read(until: "$")
            socket.write("+OK\r\n")
            socket.waitForHangUp()
        }
        let connection = try await RedisConnection.open(peer.options(commandTimeout: .seconds(30)))
        let start = ContinuousClock.now
        let error = try await failure { _ = try await connection.send("SET", Bytes("a"), Self.large) }
        #expect(error.code == .protocolViolation)
        #expect(ContinuousClock.now - start < Self.prompt)
    }

    @Test("that says why before it hangs up in the middle of a request is heard")
    func protocolError() async throws {
        let peer = try RawPeer()
        peer.serveGreeted { socket in
            socket.read(until: "$")
            socket.write("-ERR Protocol error: invalid bulk length\r\n")
        }
        let connection = try await RedisConnection.open(peer.options(commandTimeout: .seconds(30)))
        let error = try await failure { _ = try await connection.send("SET", Bytes("a"), Self.large) }
        #expect(error.code == .server)
        #expect(error.message == "ERR Protocol error: invalid bulk length")
        #expect(error.outcome == .unknown)
        #expect(!error.isRetryable)
    }

    @Test("that must be read from before it reads on is read from")
    func answersWhileItReads() async throws {
        let peer = try RawPeer()
        peer.serveGreeted { socket in
            // Each answer is larger than what fits between the two: both would wait for ever.
            let answer = Value.string(Bytes(repeating: 120, count: 1 << 20)).encoded
            for _ in 0..<8 {
                socket.read(until: "\r\n$4\r\n")
                socket.read(until: "END\r\n")
                socket.write(answer)
            }
            socket.readToEnd()
        }
        let connection = try await RedisConnection.open(peer.options(commandTimeout: .seconds(30)))
        var requests = CommandBuffer()
        for _ in 0..<8 { requests.append("ECHO", Bytes(repeating: 120, count: 100_000) + Bytes("END")) }
        let replies = try await connection.pipeline(requests)
        #expect(replies.map { $0.withBytes(\.count) } == Array(repeating: 1 << 20, count: 8))
    }
}
