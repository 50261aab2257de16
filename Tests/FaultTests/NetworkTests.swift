import Foundation
import TestSupport
import Testing

/// By TCP, through a proxy at whose n-th command the network fails.
@Suite("A network that fails")
struct NetworkTests {
    /// What happens to a connection.
    enum Failure: String, CaseIterable, Sendable {
        case reset
        case oneWayIn
        case oneWayOut
        case fewBytesASecond
        case slow

        var effect: ProxyFault.Effect {
            switch self {
            case .reset: .reset
            case .oneWayIn: .deafen
            case .oneWayOut: .mute
            case .fewBytesASecond: .trickle(bytesPerSecond: 1)
            case .slow: .delay(milliseconds: 3000)
            }
        }
    }

    @Test("The daemon gives up within its time-out, comes again and converges", arguments: Failure.allCases)
    func daemon(failure: Failure) async throws {
        try await withStage(Keyspace(tenants: 3)) { stage in
            for number in [12, 60, 140] {
                let proxy = try CommandProxy(FaultSchedule([ProxyFault(at: number, failure.effect)]), tcp: true)
                proxy.stand(before: stage.server)
                defer { proxy.close() }
                try await stage.send("FLUSHALL")
                for words in stage.keyspace.commands { try await stage.send(words) }
                let began = ContinuousClock.now
                let daemon = try await stage.daemon([
                    "REDIS_SOCKET": "", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "\(proxy.port ?? 0)",
                ])
                try await daemon.waitUntilConverged(timeout: .seconds(60))
                #expect(await daemon.stop() == .exited(0))
                #expect(proxy.schedule.happened.count == 1, "command \(number) was reached")
                #expect(began.duration(to: .now) < .seconds(50))
                #expect(try await stage.faultOfConverged() == nil)
                #expect(try await stage.faultOfOneMoreRun() == nil)
            }
        }
    }

    /// A network namespace, and a wire to it.
    private struct Wire {
        let name = "mrt\(getpid() % 10_000)"

        func build() async throws {
            try await ip("netns", "add", name)
            try await ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            try await ip("address", "add", "10.213.77.1/30", "dev", name)
            try await ip("link", "set", name, "up")
            try await ip("-n", name, "address", "add", "10.213.77.2/30", "dev", "eth0")
            try await ip("-n", name, "link", "set", "eth0", "up")
        }

        /// Takes the wire away and gives it back, ten times a second for so long: half of all packets are lost.
        func flicker(for time: Duration) async throws {
            let end = ContinuousClock.now + time
            while ContinuousClock.now < end {
                try await ip("link", "set", name, "down")
                try await Task.sleep(for: .milliseconds(50))
                try await ip("link", "set", name, "up")
                try await Task.sleep(for: .milliseconds(50))
            }
        }

        func remove() async { _ = try? await ip("netns", "delete", name) }

        private func ip(_ arguments: String...) async throws { try await run("ip", arguments) }

        private func run(_ program: String, _ arguments: [String]) async throws {
            let result = try await ProcessRunner.run(program, arguments)
            guard result.exitStatus == 0 else { throw TestSupportError("\(program) \(arguments): \(result)") }
        }
    }

    @Test("Half of all packets are lost for a while: it converges when the wire is whole again, and nothing is lost")
    func packetLoss() async throws {
        let wire = Wire()
        do {
            try await wire.build()
        } catch {
            await wire.remove()
            // It takes root, and a kernel that allows it.
            try Test.cancel("no network namespaces here")
        }
        do {
            try await lossy(wire)
        } catch {
            await wire.remove()
            throw error
        }
        await wire.remove()
    }

    private func lossy(_ wire: Wire) async throws {
        try await withStage(Keyspace(tenants: 12), tcp: true) { stage in
            try await stage.send("CONFIG", "SET", "protected-mode", "no")
            try await stage.send("CONFIG", "SET", "bind", "127.0.0.1 10.213.77.1")
            let variables = Stage.untended.merging(LeastPrivilege.variables) { $1 }
                .merging(["REDIS_HOST": "10.213.77.1", "REDIS_PORT": "\(stage.server.port ?? 0)"]) { $1 }
            let daemon = try await RunningProcess.start(
                "ip",
                ["netns", "exec", wire.name, try ProductPath.find("migrateredisd")],
                environment: variables.merging(Stage.slow) { $1 },
                directory: stage.server.directory
            )
            try await daemon.waitForLine("step started", "phase=apply")
            try await wire.flicker(for: .seconds(8))
            try await daemon.waitUntilConverged(timeout: .seconds(90))
            #expect(await daemon.stop() == .exited(0))
            #expect(try await stage.faultOfConverged() == nil)
            #expect(try await stage.faultOfOneMoreRun() == nil)
        }
    }
}
