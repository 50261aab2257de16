import Foundation
import TestSupport
import Testing

@testable import RedisClient

/// A peer that keeps a handshake from ending does not keep us.
@Suite("A peer in the TLS handshake")
struct TLSDeadlineTests {
    private static let short = Duration.milliseconds(400)
    private static let prompt = Duration.seconds(10)

    private func lateness(_ script: @escaping @Sendable (PeerSocket) -> Void) async throws -> RedisError {
        let peer = try RawPeer(tcp: true)
        peer.serve(script)
        var options = peer.options(connectTimeout: Self.short)
        options.tls = TLSOptions()
        let start = ContinuousClock.now
        let error = try await failure { _ = try await RedisConnection.open(options) }
        let time = ContinuousClock.now - start
        #expect(error.code == .timedOut && error.isRetryable && error.outcome == .notExecuted)
        #expect(time >= Self.short && time < Self.prompt)
        return error
    }

    @Test("that is silent is given up at the deadline, with a hint")
    func silence() async throws {
        let error = try await lateness { $0.waitForHangUp() }
        #expect(error.message.contains("is this its TLS port?"), "\(error)")
    }

    @Test("that sends a byte now and then does not extend the deadline")
    func trickle() async throws {
        let error = try await lateness { socket in
            socket.write([22, 3, 3, 64, 0])
            while socket.write([0]) { usleep(20_000) }
        }
        #expect(!error.message.contains("is this its TLS port?"), "\(error)")
    }

    @Test("that sends nonsense within TLS is refused at once, without a crash and without much memory")
    func nonsense() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("Seed of the nonsense in TLS: \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let length = Int.random(in: 1...2000, using: &generator)
            let body = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let kind = UInt8.random(in: 20...23, using: &generator)
            let record = [kind, 3, 3, UInt8(length >> 8), UInt8(length & 255)] + body
            let peer = try RawPeer(tcp: true)
            peer.serve { socket in
                socket.write(record)
                socket.write(record)
            }
            var options = peer.options()
            options.tls = TLSOptions()
            let error = try await failure { _ = try await RedisConnection.open(options) }
            #expect([.encryption, .disconnected].contains(error.code), "seed \(seed): \(error)")
            #expect(error.outcome == .notExecuted)
        }
    }

    @Test(
        "a server that is stopped is given up at the deadline, in the handshake and after it",
        .enabled("the server was built without TLS") { try await ServerCommands.speakTLS() }
    )
    func stopped() async throws {
        let authority = try await TestAuthority.shared()
        let tls = ServerTLS(try await authority.issueForThisHost(), by: authority)
        try await withRedisServer(tls: tls) { server in
            let connection = try await server.connect(authority.trusted())
            try await server.pause()
            let error = try await failure {
                _ = try await RedisConnection.open(server.options(authority.trusted(), connectTimeout: Self.short))
            }
            #expect(error.code == .timedOut && error.outcome == .notExecuted)
            let late = try await failure {
                _ = try await connection.pipeline(commands(["PING"]), timeout: Self.short)
            }
            #expect(late.code == .timedOut && late.outcome == .unknown)
            server.resume()
        }
    }
}
