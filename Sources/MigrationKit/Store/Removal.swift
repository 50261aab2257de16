import RedisClient

/// How a small key of ours is removed: an order, a lock.
///
/// A server on which UNLINK is renamed or forbidden must not keep a pause that was given there, or a lock, for ever. What
/// renews the lock removes it as well: a time to live that is over. Of data and ledgers nothing is removed so.
enum Removal: Sendable {
    case unlink
    case expiry

    /// Adds the commands; returns how many they are.
    @discardableResult
    func append(_ keys: [Bytes], to commands: inout CommandBuffer) -> Int {
        switch self {
        case .unlink:
            commands.append("UNLINK", keys)
            return 1
        case .expiry:
            for key in keys { commands.append("PEXPIRE", key, Bytes("0")) }
            return keys.count
        }
    }

    /// Runs a transaction with the first way that the server takes: what is refused when it is queued makes all of it void.
    static func firstAccepted<Result>(_ transaction: (Removal) async throws -> Result) async throws -> Result {
        do {
            return try await transaction(.unlink)
        } catch let error as RedisError where error.isRefusedCommand {
            return try await transaction(.expiry)
        }
    }
}

extension RedisError {
    /// Whether a command is not there or forbidden, and so nothing of its transaction was done.
    var isRefusedCommand: Bool { outcome == .notExecuted && (code == .unsupportedServer || serverCode == "NOPERM") }
}
