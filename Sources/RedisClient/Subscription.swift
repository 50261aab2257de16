import Synchronization

/// A connection that only waits for the messages of one channel.
///
/// Messages are hints: those sent while nobody is subscribed are lost, so whoever relies on them also looks by itself.
/// Source: https://redis.io/docs/latest/develop/pubsub/
public final class Subscription: Sendable {
    private let connection: RedisConnection
    private let channel: Bytes
    private let ending: @Sendable () -> Void
    private let early: Mutex<[Bytes]>

    /// Subscribes to a channel, on a connection of its own; in a cluster every node hears what is published.
    ///
    /// Errors: those of a connection, and the server's (`NOPERM`).
    public static func open(_ channel: Bytes, on keyspace: any Keyspace) async throws -> Subscription {
        let connection = try await keyspace.another(for: channel) { $0.clientName += "-wake" }
        do {
            let (replies, ending) = try await connection.subscribe(to: channel)
            if let error = replies.firstError { throw error }
            let subscription = Subscription(connection, channel: channel, ending: ending)
            subscription.early.withLock { $0 = subscription.messages(in: replies) }
            return subscription
        } catch {
            await connection.close()
            throw error
        }
    }

    private init(_ connection: RedisConnection, channel: Bytes, ending: @escaping @Sendable () -> Void) {
        self.connection = connection
        self.channel = channel
        self.ending = ending
        early = Mutex([])
    }

    /// The messages that have come since the last call; waits for the first one, and returns none when none came in time.
    ///
    /// Errors: `disconnected` once the connection is lost or `end` was called, `timedOut`, `protocolViolation`.
    public func messages(within time: Duration) async throws -> [Bytes] {
        let kept = early.withLock { early in
            defer { early = [] }
            return early
        }
        if !kept.isEmpty { return kept }
        return messages(in: try await connection.pushed(within: time))
    }

    /// Proves by a PING that the server still hears us, and gives the messages that came meanwhile.
    ///
    /// A connection that something in between has forgotten stays open and silent, as one does on which nobody says
    /// anything: only an answer tells the two apart.
    /// Errors: `timedOut` when none comes; those of `messages(within:)`.
    public func prove() async throws -> [Bytes] {
        messages(in: try await connection.proof())
    }

    /// Ends the subscription, and any wait for its messages at once.
    public func end() {
        ending()
    }

    /// `message`, the channel, the text; what else there may be is the confirmation of the subscription.
    private func messages(in replies: Replies) -> [Bytes] {
        replies.compactMap { reply in
            let parts = Array(reply.elements)
            guard parts.count == 3, parts[0].equals(Bytes("message")), parts[1].equals(channel) else { return nil }
            return parts[2].bytes
        }
    }
}
