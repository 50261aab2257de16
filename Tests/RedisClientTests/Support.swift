import Foundation
import RedisClient
import Testing
import TestSupport

/// A reply by value, to compare with what was expected.
indirect enum Value: Equatable, Sendable {
    case string(Bytes)
    case status(String)
    case error(String)
    case integer(Int64)
    case null
    case array([Value])

    init(_ reply: Reply) {
        switch reply.kind {
        case .string: self = .string(reply.bytes ?? [])
        case .status: self = .status(reply.text ?? "")
        case .error: self = .error(reply.text ?? "")
        case .integer: self = .integer(reply.integer ?? 0)
        case .null: self = .null
        case .array: self = .array(reply.elements.map { Value($0) })
        }
    }

    /// As a server sends it.
    var encoded: Bytes {
        switch self {
        case .string(let bytes): return Bytes("$\(bytes.count)\r\n") + bytes + Bytes("\r\n")
        case .status(let text): return Bytes("+\(text)\r\n")
        case .error(let text): return Bytes("-\(text)\r\n")
        case .integer(let number): return Bytes(":\(number)\r\n")
        case .null: return Bytes("$-1\r\n")
        case .array(let elements): return Bytes("*\(elements.count)\r\n") + elements.flatMap(\.encoded)
        }
    }
}

extension RedisServer {
    /// Options for a connection over its Unix socket, with short time-outs.
    func options(
        username: String? = nil,
        password: String? = nil,
        database: Int = 0,
        clientName: String = "test",
        commandTimeout: Duration = .seconds(20)
    ) -> ConnectionOptions {
        ConnectionOptions(
            endpoint: .unix(path: socketPath),
            username: username,
            password: password,
            database: database,
            clientName: clientName,
            connectTimeout: .seconds(10),
            commandTimeout: commandTimeout
        )
    }
}

/// Runs a function that must fail with a `RedisError`, and gives that.
func failure(
    sourceLocation: SourceLocation = #_sourceLocation,
    isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> Void
) async throws -> RedisError {
    let error = await #expect(throws: RedisError.self, sourceLocation: sourceLocation) { try await body() }
    return try #require(error, sourceLocation: sourceLocation)
}

/// How long a function takes.
func elapsed(
    isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> Void
) async rethrows -> Duration {
    let start = ContinuousClock.now
    try await body()
    return ContinuousClock.now - start
}

/// A pipeline of commands given as lists of words.
func commands(_ lists: [String]...) -> CommandBuffer {
    var buffer = CommandBuffer()
    for words in lists { buffer.append(words: words) }
    return buffer
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
