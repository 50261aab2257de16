import Foundation
import TestSupport

/// The pages in which a server's memory is.
enum ServerPages {
    /// As the server has them by itself: Redis turns huge pages off for its process.
    case byDefault
    /// Huge ones, as far as the system gives them.
    case huge

    /// The server's options.
    var arguments: [String] {
        switch self {
        case .byDefault: []
        case .huge: ["--disable-thp", "no"]
        }
    }

    /// The server's variables: jemalloc then asks for huge pages, whether it is the system's or the one that Redis brings.
    var environment: [String: String] {
        switch self {
        case .byDefault: [:]
        case .huge: ["MALLOC_CONF": "thp:always", "JE_MALLOC_CONF": "thp:always"]
        }
    }
}

/// Lends a server whose memory is in such pages, and closes it however the body ends.
func withRedisServer<T>(in pages: ServerPages, _ body: (RedisServer) async throws -> T) async throws -> T {
    try await withRedisServer(arguments: pages.arguments, environment: pages.environment, body)
}

/// What the system says of huge pages.
enum HugePages {
    /// Whether a process that asks for them may get any.
    static var areThere: Bool {
        let setting = try? String(contentsOfFile: "/sys/kernel/mm/transparent_hugepage/enabled", encoding: .utf8)
        return setting.map { !$0.contains("[never]") } ?? false
    }

    /// How much of a server's resident memory is in huge pages, from 0 to 1.
    static func part(of server: RedisServer) throws -> Double {
        let path = "/proc/\(server.pid ?? 0)/smaps_rollup"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        func kibibytes(_ name: String) -> Double? {
            let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.split(separator: " ").dropFirst().first.flatMap { Double($0) }
        }
        guard let all = kibibytes("Rss"), all > 0, let huge = kibibytes("AnonHugePages") else {
            throw TestSupportError("\(path) does not tell how much is in huge pages.")
        }
        return huge / all
    }
}
