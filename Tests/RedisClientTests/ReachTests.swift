import Foundation
import TestSupport
import Testing

@testable import RedisClient

@Suite("Reaching a server")
struct ReachTests {
    private static let short = Duration.milliseconds(300)
    private static let prompt = Duration.seconds(10)

    private func options(_ endpoint: Endpoint, connectTimeout: Duration = .seconds(5)) -> ConnectionOptions {
        ConnectionOptions(endpoint: endpoint, connectTimeout: connectTimeout)
    }

    @Test("works over TCP by address and by name, and over a Unix socket")
    func works() async throws {
        try await withRedisServer(tcp: true) { server in
            let port = try #require(server.port)
            let endpoints: [Endpoint] = [
                .tcp(host: "127.0.0.1", port: port), .tcp(host: "localhost", port: port),
                .unix(path: server.socketPath),
            ]
            for endpoint in endpoints {
                let connection = try await RedisConnection.open(options(endpoint))
                #expect(try await connection.send("PING").text == "PONG")
                let large = Bytes(repeating: 7, count: 3 << 20)
                let reply = try await connection.send("ECHO", large)
                #expect(reply.equals(large))
            }
        }
    }

    @Test("fails at once where nobody listens")
    func refused() async throws {
        let port = try FreePort.find()
        let error = try await failure {
            _ = try await RedisConnection.open(options(.tcp(host: "127.0.0.1", port: port)))
        }
        #expect(error.code == .unreachable)
        #expect(error.outcome == .notExecuted)
        #expect(error.message.contains("127.0.0.1:\(port)"))
        #expect(error.isRetryable && error.isConnectivity)
    }

    @Test("fails where there is no socket, or none that can be")
    func badPaths() async throws {
        let home = try TemporaryDirectory()
        let file = try home.write("no socket", to: "file")
        let paths = [home.file("missing"), file, home.path, "", "/tmp/" + String(repeating: "x", count: 103), "/a\0b"]
        for path in paths {
            let error = try await failure { _ = try await RedisConnection.open(options(.unix(path: path))) }
            #expect(error.code == .unreachable)
            #expect(error.outcome == .notExecuted)
            #expect(!error.message.contains("\0"))
        }
    }

    @Test("takes a path as long as the kernel does, and none that is longer")
    func longestPath() throws {
        _ = try SocketAddress(unix: String(repeating: "x", count: 107))
        #expect(throws: RedisError.self) { try SocketAddress(unix: String(repeating: "x", count: 108)) }
    }

    @Test("fails for a name that means no host", arguments: ["no-such-host.invalid", "", "a b", "300.1.2.3"])
    func unresolvable(_ host: String) async throws {
        let error = try await failure {
            _ = try await RedisConnection.open(options(.tcp(host: host, port: 6379), connectTimeout: .seconds(2)))
        }
        // Without a name server that answers, the deadline comes first.
        #expect(error.code == .unreachable || error.code == .timedOut)
        #expect(error.outcome == .notExecuted)
        #expect(error.message.contains("resolved") || error.message.contains("No connection"))
    }

    @Test("fails for a number that is no port", arguments: [-1, 0, 65_536, 65_536 + 6379])
    func badPorts(_ port: Int) async throws {
        let error = try await failure {
            _ = try await RedisConnection.open(options(.tcp(host: "127.0.0.1", port: port)))
        }
        #expect(error.code == .unreachable)
        #expect(error.message.contains("no port"))
    }

    @Test("does not wait for a name server beyond the deadline")
    func slowNameServer() async throws {
        let gate = Gate()
        let resolver = HostResolver { _, _, flags in
            if flags & AI_NUMERICHOST == 0 { gate.wait() }
            return .success([])
        }
        let start = ContinuousClock.now
        let error = try await failure {
            _ = try resolver.resolve(host: "redis", port: 6379, by: Deadline(after: Self.short))
        }
        let time = ContinuousClock.now - start
        gate.open()
        #expect(error.code == .timedOut)
        #expect(error.outcome == .notExecuted)
        #expect(time >= Self.short && time < Self.prompt)
    }

    @Test("goes on to the next address when one does not answer or refuses, and begins there the next time")
    func nextAddress() async throws {
        let silent = try RawPeer(tcp: true, backlog: 0)
        let queue = silent.fillQueue()
        let open = try RawPeer(tcp: true)
        let closed = Endpoint.tcp(host: "127.0.0.1", port: try FreePort.find())
        let addresses = try addresses([closed, silent.endpoint, silent.endpoint, silent.endpoint, open.endpoint])
        let resolver = HostResolver { _, _, _ in .success(addresses) }
        let memory = AddressMemory()
        func connect() throws -> Duration {
            let start = ContinuousClock.now
            let transport = try SocketTransport.connect(
                to: .tcp(host: "five", port: 1),
                deadline: Deadline(after: .seconds(5)),
                resolver: resolver,
                memory: memory
            )
            #expect(transport.descriptor >= 0)
            return ContinuousClock.now - start
        }
        // A quarter of a second for each that is silent; nothing for the one that refuses.
        let first = try connect()
        #expect(first > .milliseconds(740) && first < .seconds(2))
        let second = try connect()
        #expect(second < .milliseconds(240))
        withExtendedLifetime(queue) {}
    }

    @Test("waits for an address that is slow while it tries others, and fails by the deadline when none answers")
    func allSilent() async throws {
        let silent = try RawPeer(tcp: true, backlog: 0)
        let queue = silent.fillQueue()
        let closed = Endpoint.tcp(host: "127.0.0.1", port: try FreePort.find())
        let addresses = try addresses([silent.endpoint, closed, silent.endpoint])
        let start = ContinuousClock.now
        let error = try await failure {
            _ = try SocketTransport.connect(
                to: .tcp(host: "three", port: 1),
                deadline: Deadline(after: .milliseconds(800)),
                resolver: HostResolver { _, _, _ in .success(addresses) },
                memory: AddressMemory()
            )
        }
        let time = ContinuousClock.now - start
        #expect(error.code == .timedOut)
        #expect(time >= .milliseconds(800) && time < Self.prompt)
        let refused = try await failure {
            _ = try SocketTransport.connect(
                to: .tcp(host: "one", port: 1),
                deadline: Deadline(after: .seconds(5)),
                resolver: HostResolver { _, _, _ in .success([addresses[1], addresses[1]]) },
                memory: AddressMemory()
            )
        }
        #expect(refused.code == .unreachable)
        withExtendedLifetime(queue) {}
    }

    @Test("keeps the order of a name's addresses but for the one that worked, while that is among them")
    func addressOrder() throws {
        let all = try addresses([1, 2, 3].map { .tcp(host: "127.0.0.\($0)", port: 6379) })
        let memory = AddressMemory()
        let name = Endpoint.tcp(host: "redis", port: 6379)
        #expect(memory.ordered(all, of: name) == all)
        memory.note(all[1], of: name)
        #expect(memory.ordered(all, of: name) == [all[1], all[0], all[2]])
        #expect(memory.ordered([all[0], all[2]], of: name) == [all[0], all[2]])
        #expect(memory.ordered(all, of: .tcp(host: "redis", port: 6380)) == all)
        for number in 0..<1000 { memory.note(all[0], of: .tcp(host: "other\(number)", port: 1)) }
        #expect(memory.ordered(all, of: name) == all, "what it remembers is bounded")
    }

    private func addresses(_ endpoints: [Endpoint]) throws -> [SocketAddress] {
        try endpoints.flatMap { endpoint -> [SocketAddress] in
            guard case .tcp(let host, let port) = endpoint else { return [] }
            return try HostResolver().resolve(host: host, port: port, by: Deadline(after: .seconds(5)))
        }
    }

    @Test("ends at the deadline when the host does not answer", arguments: [false, true])
    func fullQueue(overTCP: Bool) async throws {
        let peer = try RawPeer(tcp: overTCP, backlog: 0)
        let queue = peer.fillQueue()
        let start = ContinuousClock.now
        let error = try await failure {
            _ = try await RedisConnection.open(options(peer.endpoint, connectTimeout: Self.short))
        }
        let time = ContinuousClock.now - start
        #expect(error.code == .timedOut)
        #expect(error.outcome == .notExecuted)
        #expect(time >= Self.short && time < Self.prompt)
        withExtendedLifetime(queue) {}
    }

    @Test("waits until a Unix socket whose queue was full has room again")
    func queueHasRoomAgain() async throws {
        let peer = try RawPeer(backlog: 0)
        let queue = peer.fillQueue()
        async let connection = RedisConnection.open(peer.options())
        // Those in the queue are accepted first; they say nothing.
        for _ in 0...queue.count { peer.serveGreeted { $0.readToEnd() } }
        #expect(try await connection.id == 7)
    }

    @Test("writes endpoints as people do")
    func descriptions() {
        #expect("\(Endpoint.tcp(host: "example.org", port: 6379))" == "example.org:6379")
        #expect("\(Endpoint.tcp(host: "::1", port: 6379))" == "[::1]:6379")
        #expect("\(Endpoint.unix(path: "/run/redis.sock"))" == "/run/redis.sock")
    }
}
