import MigrationKit
import RedisClient

/// Hears that a person gave an order, as long as its task is not cancelled.
///
/// A subscription that is lost is made again, after 1 s, 2 s, 4 s up to 5 min. Whoever listens still looks at intervals:
/// a message that nobody heard is lost.
public enum WakeListener {
    /// How long a silent connection is waited on at a time.
    private static let patience = Duration.seconds(60)
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
        heard: @escaping @Sendable () -> Void
    ) async {
        var backoff = Backoff()
        var isQuiet = isQuietAtFirst
        while !Task.isCancelled {
            do {
                let subscription = try await Subscription.open(channel, on: keyspace)
                backoff.reset()
                try await withTaskCancellationHandler {
                    if !isQuiet { heard() }
                    isQuiet = false
                    while !Task.isCancelled {
                        guard try await !subscription.messages(within: patience).isEmpty else { continue }
                        heard()
                        try await Task.sleep(for: pace)
                    }
                } onCancel: {
                    subscription.end()
                }
            } catch {
                // Who is master of the channel's slot may have changed.
                try? await keyspace.refresh()
            }
            guard !Task.isCancelled else { return }
            try? await Task.sleep(for: backoff.next(jitter: .random(in: -1...1)))
        }
    }
}
