import RedisClient

/// What the lock's key holds: the original tool's four fields, and ours.
public struct LockRecord: Sendable, Equatable, Codable {
    /// The migration it is held for.
    public var migration: String
    /// When it was taken, RFC 3339, by the holder's clock.
    public var startedAt: String
    /// The holder's process id.
    public var pid: Int32
    /// The holder's host name.
    public var host: String
    /// Host and instance, for people.
    public var holder: String
    /// The boot of the holder's host.
    public var bootID: String
    /// The holder's process id namespace.
    public var pidNamespace: String
    /// What makes it the holder's.
    public var token: String
    /// Its time to live after a renewal, in milliseconds.
    public var ttl: Int64
    /// The time between renewals, in milliseconds.
    public var renewInterval: Int64
    /// When it counts as abandoned, in milliseconds.
    public var staleAfter: Int64
    /// The holder's program version.
    public var version: String
    /// When the holder's process began; earlier programs wrote none, and pass over it.
    public var pidStart: Int64?

    enum CodingKeys: String, CodingKey {
        case migration
        case startedAt = "started_at"
        case pid, host, holder
        case bootID = "boot_id"
        case pidNamespace = "pid_namespace"
        case token, ttl
        case renewInterval = "renew_interval"
        case staleAfter = "stale_after"
        case version
        case pidStart = "pid_start"
    }

    /// The record of a holder that takes the lock now.
    public init(identity: HolderIdentity, times: LockTimes, migration: String, at time: Timestamp) {
        self.migration = migration
        startedAt = time.rfc3339
        pid = identity.processID
        host = identity.host
        holder = identity.place
        bootID = identity.bootID
        pidNamespace = identity.processNamespace
        token = identity.token
        ttl = times.timeToLive.milliseconds
        renewInterval = times.renewInterval.milliseconds
        staleAfter = times.staleAfter.milliseconds
        version = identity.version
        pidStart = identity.processStart
    }
}

extension LockRecord {
    /// Whether its times can be reckoned with: what is read back is a peer, and no year-long renewal is one of ours.
    var isPlausible: Bool {
        [ttl, renewInterval, staleAfter].allSatisfy { (0...Self.longestTime).contains($0) }
    }

    /// A year, in milliseconds.
    private static let longestTime: Int64 = 366 * 86_400_000
}

/// What was found under the lock's name.
public enum LockReading: Sendable, Equatable {
    /// Nobody holds it.
    case free
    /// One of ours holds it: its record, its bytes and its remaining time to live (nil for none).
    case ours(LockRecord, bytes: Bytes, timeToLive: Duration?)
    /// Another tool holds it: what can be told of the holder.
    case foreign(String, bytes: Bytes?, timeToLive: Duration?)

    /// What the replies to GET and PTTL of the lock say.
    public init(value: Reply, timeToLive: Reply) {
        let left = timeToLive.integer.flatMap { Bounded($0) }.map { Duration.milliseconds($0.value) }
        if value.isNull {
            self = .free
        } else if let bytes = value.bytes {
            if bytes.count <= BookkeepingReads.mostBytes,
                let record = StoredDocument.decode(LockRecord.self, from: bytes), record.isPlausible
            {
                self = .ours(record, bytes: bytes, timeToLive: left)
            } else {
                self = .foreign(Self.describe(bytes), bytes: bytes, timeToLive: left)
            }
        } else {
            self = .foreign("a key that is not a string", bytes: nil, timeToLive: left)
        }
    }

    /// The stored bytes, if any can be read.
    public var bytes: Bytes? {
        switch self {
        case .free: return nil
        case .ours(_, let bytes, _): return bytes
        case .foreign(_, let bytes, _): return bytes
        }
    }

    /// Who holds it, for people; nil when it is free.
    public var holder: LockHolder? {
        switch self {
        case .free: return nil
        case .ours(let record, _, let left):
            return LockHolder(
                text: "\(KeyText.escaped(Bytes(record.holder))) (process \(record.pid))",
                migration: KeyText.escaped(Bytes(record.migration)),
                startedAt: KeyText.escaped(Bytes(record.startedAt)),
                timeToLive: left,
                isForeign: false,
                lastRenewal: left.map { .milliseconds(max(0, record.ttl - $0.milliseconds)) },
                staleAfter: .milliseconds(record.staleAfter)
            )
        case .foreign(let text, let bytes, let left):
            let original = bytes.flatMap { Original($0) }
            return LockHolder(
                text: text,
                migration: original?.migration.map { KeyText.escaped(Bytes($0)) },
                startedAt: original?.startedAt.map { KeyText.escaped(Bytes($0)) },
                timeToLive: left,
                isForeign: true
            )
        }
    }

    /// Some tools write some of our fields, the original a text; of anything else only the length is told.
    private static func describe(_ bytes: Bytes) -> String {
        guard let original = Original(bytes) else {
            let size = bytes.count <= BookkeepingReads.mostBytes ? "\(bytes.count) bytes" : "more than 1 MiB"
            return "another tool (\(size) in a form that this program does not know)"
        }
        var text = original.isText ? "the original tool" : "another tool"
        if let host = original.host { text += " on \(KeyText.escaped(Bytes(host)))" }
        if let pid = original.pid { text += ", process \(pid)" }
        return text
    }

    /// What another tool says of itself: JSON with some of our fields, or the original's `migration=…, started=…`.
    private struct Original: Decodable {
        var migration: String?
        var startedAt: String?
        var host: String?
        var pid: Int?
        var isText = false

        enum CodingKeys: String, CodingKey {
            case migration
            case startedAt = "started_at"
            case host, pid
        }

        init?(_ bytes: Bytes) {
            guard bytes.count <= BookkeepingReads.mostBytes else { return nil }
            if let original = StoredDocument.decode(Original.self, from: bytes), original.migration != nil {
                self = original
                return
            }
            guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
            self.init(text: text)
        }

        /// Such as `migration=001_hash_tags, started=2026-01-01T00:00:00Z`.
        private init?(text: String) {
            isText = true
            for part in text.split(separator: ",", maxSplits: 8) {
                let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                guard pair.count == 2 else { return nil }
                switch pair[0] {
                case "migration": migration = String(pair[1])
                case "started": startedAt = String(pair[1])
                default: return nil
                }
            }
            guard migration != nil else { return nil }
        }
    }
}

/// Who holds the lock, in words for people.
public struct LockHolder: Sendable, Equatable {
    /// Host, instance and process, or what is known of another tool.
    public var text: String
    /// The migration it is held for.
    public var migration: String?
    /// Since when, RFC 3339.
    public var startedAt: String?
    /// How long until it expires by itself; nil for never.
    public var timeToLive: Duration?
    /// Whether another tool holds it.
    public var isForeign: Bool
    /// How long ago it was renewed last; nil where that is not told.
    public var lastRenewal: Duration?
    /// How long after that it is taken over; nil for another tool's, which is never judged.
    public var staleAfter: Duration?

    /// When it was renewed, when it ends and what ends it before, as sentences.
    public var wayOut: String {
        let end = timeToLive.map { "expires in \(Self.text($0))" } ?? "does not expire"
        guard let staleAfter else {
            return "It is another tool's, \(end) and is never judged. If that tool does not run any more: "
                + "`migrateredis unlock`."
        }
        let renewed = lastRenewal.map { "was last renewed \(Self.text($0)) ago, " } ?? ""
        return "It \(renewed)\(end), and is taken over once it was not renewed for \(Self.text(staleAfter)). If its "
            + "holder is dead: `migrateredis unlock`."
    }

    private static func text(_ time: Duration) -> String { "\(time.milliseconds / 1000) s" }

    /// Who, for which migration and since when, as far as it is known.
    public var words: String {
        var words = text
        if let migration { words += " for \(migration)" }
        if let startedAt { words += " since \(startedAt)" }
        return words
    }
}
