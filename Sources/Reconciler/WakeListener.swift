import MigrationKit
import RedisClient
import Synchronization

/// Hears that a person gave an order, as long as its task is not cancelled.
///
/// A subscription that is lost is made again, after 1 s, 2 s, 4 s up to 5 min; one that is silent is proven by a PING each
/// minute, or as often as whatever closes silent connections makes necessary. Whoever listens still looks at intervals:
/// a message that nobody heard is lost.
public enum WakeListener {
    /// Whether a listener is subscribed at this moment; any task may ask.
    public final class Standing: Sendable {
        fileprivate let isSubscribed = Atomic(false)

        /// That of a listener which is not subscribed yet.
        public init() {}

        /// Whether a message would be heard now.
        public var hears: Bool { isSubscribed.load(ordering: .relaxed) }
    }

    /// However many messages come, nobody looks more often than this.
    private static let pace = Duration.milliseconds(100)

    /// Calls `heard` for each message, and after each subscription: what was said before that was not heard.
    ///
    /// With `isQuietAtFirst` not after the first one: where each try to work loses its connection, and so its listener, the
    /// next listener would end the pause before the next try, for ever.
    public static func listen(
        to channel: Bytes,
        on keyspace: any Keyspace,
        isQuietAtFirst: Bool = false,
        keepAlive: KeepAlive = KeepAlive(),
        standing: Standing = Standing(),
        heard: @escaping @Sendable (WakeMessage) -> Void
    ) async {
        var backoff = Backoff()
        var keepAlive = keepAlive
        // When the server was last heard; nil where there is no subscription.
        var lastSign: ContinuousClock.Instant?
        var isQuiet = isQuietAtFirst
        while !Task.isCancelled {
            do {
                let subscription = try await Subscription.open(channel, on: keyspace)
                backoff.reset()
                lastSign = .now
                standing.isSubscribed.store(true, ordering: .relaxed)
                try await withTaskCancellationHandler {
                    if !isQuiet { heard(.look) }
                    isQuiet = false
                    while !Task.isCancelled {
                        var messages = try await subscription.messages(within: keepAlive.interval)
                        if messages.isEmpty, !Task.isCancelled { messages = try await subscription.prove() }
                        lastSign = .now
                        guard !messages.isEmpty else { continue }
                        // Of what says the same only one counts.
                        var last: WakeMessage?
                        for message in messages.map({ WakeMessage($0) }) where message != last {
                            heard(message)
                            last = message
                        }
                        try await Task.sleep(for: pace)
                    }
                } onCancel: {
                    subscription.end()
                }
            } catch {
                standing.isSubscribed.store(false, ordering: .relaxed)
                if let error = error as? RedisError, error.code == .disconnected, let sign = lastSign {
                    keepAlive.note(endAfter: sign.duration(to: .now))
                }
                lastSign = nil
                // Who is master of the channel's slot may have changed.
                try? await keyspace.refresh()
            }
            guard !Task.isCancelled else { return }
            try? await Task.sleep(for: backoff.next(jitter: .random(in: -1...1)))
        }
    }
}
