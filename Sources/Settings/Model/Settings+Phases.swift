extension Settings {
    /// Whether a phase waits for a person.
    public enum Approval: String, Sendable, Equatable, CaseIterable {
        /// The phase begins by itself.
        case automatic
        /// The phase waits until somebody approves it.
        case required
    }

    /// How often the loop looks.
    public struct Reconcile: Sendable, Equatable {
        /// The time between passes when nothing is due, 1 s to 24 h. Default: 30 s.
        public var interval: Duration = .seconds(30)
        /// The time between catch-ups while a cleanup is pending, at most 7 d; zero means only before cleanup.
        /// Default: 10 min.
        public var follow: Duration = .seconds(600)

        /// Creates the defaults.
        public init() {}
    }

    /// What an apply waits for.
    public struct Apply: Sendable, Equatable {
        /// Whether an apply waits for a person. Default: automatic.
        public var approval = Approval.automatic

        /// Creates the defaults.
        public init() {}
    }

    /// What a cleanup waits for.
    public struct Cleanup: Sendable, Equatable {
        /// Whether a cleanup waits for a person. Default: required.
        public var approval = Approval.required
        /// The least time between verified and cleanup, at most 365 d. Default: 24 h.
        public var soak: Duration = .seconds(86_400)
        /// The greatest age of the last save to disk at which a cleanup may begin, at most 365 d; zero means that
        /// none is asked for. Default: zero.
        public var requireSaveWithin: Duration = .zero

        /// Creates the defaults.
        public init() {}
    }

    /// The times of the lock, which hold `renewInterval × 3 < staleAfter < ttl`.
    public struct Lock: Sendable, Equatable {
        /// How long the lock lives in Redis without a renewal, 1 s to 24 h. Default: 1 h.
        public var ttl: Duration = .seconds(3_600)
        /// The time between renewals, 10 ms to 1 h. Default: 10 s.
        public var renewInterval: Duration = .seconds(10)
        /// How long without a renewal until others may take over, 50 ms to 24 h. Default: 60 s.
        public var staleAfter: Duration = .seconds(60)

        /// Creates the defaults.
        public init() {}
    }

    /// What a migration may take from the server.
    public struct Limits: Sendable, Equatable {
        /// The longest that one batch may occupy the server, 100 µs to 1 s. Default: 2 ms.
        public var batchTime: Duration = .milliseconds(2)
        /// The greatest number of keys a second, at most 10,000,000; zero means no cap. Default: zero.
        public var keysPerSecond = 0
        /// The size in bytes above which a key is held and not moved, 1 KiB to 512 MiB: both sides of a pair are
        /// read in one pipeline, whose replies may have 1 GiB. Default: 64 MiB.
        public var keyBytes = 67_108_864

        /// Creates the defaults.
        public init() {}
    }

    /// Where metrics go.
    public struct Metrics: Sendable, Equatable {
        /// The file that node_exporter's textfile collector reads, by its absolute path; nil for no metrics.
        /// Default: nil.
        public var textfile: String?

        /// Creates the defaults.
        public init() {}
    }
}
