import RedisClient

/// Which commands the server under test has: for tests that need one of them.
package enum ServerCommands {
    /// Whether the server knows a command.
    package static func has(_ command: String) async throws -> Bool {
        try await withRedisServer { server in
            let reply = try await server.cli("COMMAND", "INFO", command)
            return reply.lowercased().contains(command.lowercased())
        }
    }

    /// Whether the nodes of a cluster can announce names, which came with Redis 7.0.
    package static func announceNames() async throws -> Bool {
        try await withRedisServer { try await $0.cli("CONFIG", "GET", "cluster-announce-hostname").contains("cluster") }
    }

    /// Whether the server was built with TLS.
    package static func speakTLS() async throws -> Bool {
        try await withRedisServer { try await $0.cli("CONFIG", "GET", "tls-port").contains("tls-port") }
    }
}
