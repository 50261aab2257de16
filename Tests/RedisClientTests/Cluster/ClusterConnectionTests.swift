import TestSupport
import Testing

@testable import RedisClient

@Suite("Connections to a cluster")
struct ClusterConnectionTests {
    @Test("Commands reach the masters of their keys, also when slots have moved or are on their way")
    func routes() async throws {
        try await withCluster { servers in
            let cluster = try await servers.connect()
            var writes = RoutedCommands(for: cluster)
            for number in 0..<300 { writes.append("SET", Bytes("key:\(number)"), Bytes("\(number)")) }
            #expect(try await cluster.pipeline(writes).allSatisfy { $0.equals(Bytes("OK")) })
            for master in servers.masters { #expect(try await Int(master.cli("DBSIZE")) ?? 0 > 50) }

            let slots = (0..<20).map { Slot(of: Bytes("key:\($0)")).number }
            for (index, slot) in slots.enumerated() {
                let owner = try #require((0..<3).first { servers.share(of: $0).contains(slot) })
                try await servers.move(
                    slot: slot,
                    from: servers.masters[owner],
                    to: servers.masters[(owner + 1) % 3],
                    isLeftHalfMoved: index.isMultiple(of: 2)
                )
            }
            var reads = RoutedCommands(for: cluster)
            for number in 0..<300 { reads.append("GET", Bytes("key:\(number)")) }
            let replies = try await cluster.pipeline(reads)
            for number in 0..<300 { #expect(replies[number].text == "\(number)", "key:\(number)") }
            await cluster.close()
            #expect(await cluster.isClosed)
        }
    }

    @Test("A master that is gone is replaced by its replica, and reads go on")
    func failsOver() async throws {
        try await withCluster(replicas: 1) { servers in
            let cluster = try await servers.connect()
            let key = Bytes("key")
            let owner = try #require((0..<3).first { servers.share(of: $0).contains(Slot(of: key).number) })
            var write = RoutedCommands(for: cluster)
            write.append("SET", key, Bytes("value"))
            #expect(try await cluster.pipeline(write)[0].equals(Bytes("OK")))
            try await eventually("the replica to have it") {
                try await servers.replicas[owner].cli("DBSIZE") == "1"
            }
            await servers.masters[owner].kill()
            try await eventually(timeout: .seconds(30), "the replica to answer") {
                (try? await cluster.send("GET", key))?.text == "value"
            }
            await cluster.close()
        }
    }

    @Test("A server that is no cluster says so, and a map's holes are told")
    func refusals() async throws {
        try await withRedisServer(tcp: true) { server in
            var options = ConnectionOptions(endpoint: .unix(path: server.socketPath))
            options.isCluster = true
            let error = await #expect(throws: RedisError.self) { try await RedisCluster.open(options) }
            #expect(error?.code == .unsupportedServer)
            #expect(error?.message.contains("REDIS_CLUSTER_ENABLED") == true)
        }
        try await withRedisServer(arguments: ["--cluster-enabled", "yes"], tcp: true) { server in
            var options = ConnectionOptions(endpoint: .unix(path: server.socketPath))
            options.isCluster = true
            let cluster = try await RedisCluster.open(options)
            let error = await #expect(throws: RedisError.self) { try await cluster.connection(for: Bytes("key")) }
            #expect(error?.serverCode == "CLUSTERDOWN")
            #expect(error?.isRetryable == true)
            await cluster.close()
        }
    }
}
