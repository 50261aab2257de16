/// What a process tells of itself in Redis, so that `status` on any host knows who works, who waits and what failed.
///
/// Each daemon keeps one, and so does a phase by hand while it runs. Nothing is decided by it: it is for people, and may
/// be anybody's who can write to Redis.
public struct DaemonRecord: Sendable, Equatable, Codable {
    /// What kind of process it is.
    public enum Kind: String, Sendable, Codable {
        /// It follows the configuration all the time.
        case daemon
        /// It runs one command.
        case command
    }

    /// What failed last.
    public struct Failure: Sendable, Equatable, Codable {
        /// When, by the server's clock.
        public var at: Timestamp
        /// What, in a sentence.
        public var message: String

        /// A failure of its parts.
        public init(at: Timestamp, message: String) {
            self.at = at
            self.message = message
        }
    }

    /// How far a step is.
    public struct StepProgress: Sendable, Equatable, Codable {
        /// Keys that were looked at in this walk.
        public var processed: Int
        /// How many there are, about.
        public var total: Int
        /// Which walk of the step it is: 1 for the first.
        public var walk: Int
        /// Keys per second; 0 while it is not known.
        public var perSecond: Int

        /// Progress of its parts.
        public init(processed: Int, total: Int, walk: Int, perSecond: Int) {
            self.processed = processed
            self.total = total
            self.walk = walk
            self.perSecond = perSecond
        }

        enum CodingKeys: String, CodingKey {
            case processed, total, walk
            case perSecond = "per_second"
        }

        /// Reads progress; numbers that no keyspace has are refused.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            processed = try container.bounded(.processed)
            total = try container.bounded(.total)
            walk = try container.bounded(.walk)
            perSecond = try container.bounded(.perSecond)
        }
    }

    /// The format of this document.
    public var format = 1
    /// What kind of process it is.
    public var kind: Kind
    /// Host, instance and process, as the lock names its holder.
    public var holder: String
    /// The program's version.
    public var version: String
    /// When this was written, by the server's clock.
    public var at: Timestamp
    /// Until when it is to be believed: behind that the process should have written again.
    public var until: Timestamp
    /// What it does: a step, or `wait`, `stall`, `none`.
    public var action: String
    /// Why, as one word of the list of reasons.
    public var reason: String
    /// Why, as a sentence.
    public var message: String
    /// The migration that it concerns, if it is one.
    public var migration: String?
    /// Since when it is so.
    public var since: Timestamp
    /// What failed last, if anything did since it started.
    public var failure: Failure?
    /// When it looks again; nil while it works.
    public var next: Timestamp?
    /// How far its step is.
    public var progress: StepProgress?

    /// A record of its parts.
    public init(
        kind: Kind,
        holder: String,
        version: String,
        at: Timestamp,
        until: Timestamp,
        action: String,
        reason: String,
        message: String,
        since: Timestamp
    ) {
        self.kind = kind
        self.holder = holder
        self.version = version
        self.at = at
        self.until = until
        self.action = action
        self.reason = reason
        self.message = message
        self.since = since
    }

    /// Whether it says the same as another one, whenever they were written.
    public func says(_ other: DaemonRecord) -> Bool {
        var same = other
        same.at = at
        same.until = until
        same.next = next
        return self == same
    }
}
