import RedisClient

/// The state of one migration, as stored under `outpost:migration:<name>:state`.
///
/// The first seven fields are the original tool's and other tools read them; the rest is ours. State without `format` is
/// the original's: it is read, but its word is no proof.
public struct MigrationState: Sendable, Equatable, Codable {
    /// The newest format that this program reads and writes.
    public static let currentFormat = 1

    /// The migration's name.
    public var migrationName: String
    /// How far it has come.
    public var phase: Phase
    /// When work on it began, RFC 3339.
    public var startedAt: String
    /// When its last phase ended, RFC 3339.
    public var completedAt: String?
    /// How many items the running or last phase has seen.
    public var progress: Progress
    /// What failed, in sentences; at most 20.
    public var errors: [String]
    /// What other tools keep here.
    public var metadata: [String: JSONValue]

    /// The format of this document; nil from the original tool.
    public var format: Int?
    /// The epoch under which it was written.
    public var epoch: UInt64?
    /// What the plan found.
    public var scope: Scope?
    /// The ledger's shape, once its hashes exist.
    public var ledger: LedgerShape?
    /// Where apply goes on.
    public var checkpoint: Checkpoint?
    /// What verify found.
    public var verification: Verification?
    /// What a person has to settle.
    public var held: HeldKeys?
    /// What failed, with `failed`: `verify`.
    public var failedPhase: String?
    /// The server on which copying began.
    public var server: ServerIdentity?
    /// When catch-up last looked, by the server's TIME.
    public var followedAt: Timestamp?
    /// When a cleanup last kept keys back, by the server's TIME.
    public var keptAt: Timestamp?
    /// Whether the state was found missing at a raised version: what new applications deleted meanwhile is not known.
    public var deletesAreUnseen: Bool?
    /// What the last walk found, for whoever ran it; not stored.
    public var report: WalkReport?

    /// A state at the beginning.
    public init(migrationName: String, phase: Phase, startedAt: Timestamp) {
        self.migrationName = migrationName
        self.phase = phase
        self.startedAt = startedAt.rfc3339
        progress = Progress()
        errors = []
        metadata = [:]
        format = Self.currentFormat
    }

    /// The phase as far as it can be trusted: of the original's states only `cleaned` is believed.
    public var trustedPhase: Phase {
        format == nil && phase != .cleaned ? .planned : phase
    }

    enum CodingKeys: String, CodingKey {
        case migrationName = "migration_name"
        case phase
        case startedAt = "started_at"
        case completedAt = "completed_at"
        case progress, errors, metadata, format, epoch, scope, ledger, checkpoint, verification, held
        case failedPhase = "failed_phase"
        case server
        case followedAt = "followed_at_ms"
        case keptAt = "kept_at_ms"
        case deletesAreUnseen = "deletes_unseen"
    }

    /// Reads a state; fields that the original tool omits when empty may be missing.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        migrationName = try container.decode(String.self, forKey: .migrationName)
        phase = try container.decode(Phase.self, forKey: .phase)
        startedAt = try container.decodeIfPresent(String.self, forKey: .startedAt) ?? ""
        completedAt = try container.decodeIfPresent(String.self, forKey: .completedAt)
        progress = try container.decodeIfPresent(Progress.self, forKey: .progress) ?? Progress()
        errors = try container.decodeIfPresent([String].self, forKey: .errors) ?? []
        metadata = try container.decodeIfPresent([String: JSONValue].self, forKey: .metadata) ?? [:]
        format = try container.decodeIfPresent(Int.self, forKey: .format)
        epoch = try container.decodeIfPresent(UInt64.self, forKey: .epoch)
        scope = try container.decodeIfPresent(Scope.self, forKey: .scope)
        ledger = try container.decodeIfPresent(LedgerShape.self, forKey: .ledger)
        checkpoint = try container.decodeIfPresent(Checkpoint.self, forKey: .checkpoint)
        verification = try container.decodeIfPresent(Verification.self, forKey: .verification)
        held = try container.decodeIfPresent(HeldKeys.self, forKey: .held)
        failedPhase = try container.decodeIfPresent(String.self, forKey: .failedPhase)
        server = try container.decodeIfPresent(ServerIdentity.self, forKey: .server)
        followedAt = try container.decodeIfPresent(Timestamp.self, forKey: .followedAt)
        keptAt = try container.decodeIfPresent(Timestamp.self, forKey: .keptAt)
        deletesAreUnseen = try container.decodeIfPresent(Bool.self, forKey: .deletesAreUnseen)
    }

    /// Reads what Redis holds under a migration's state key.
    ///
    /// Errors: `unreadable` for what is not JSON, of a newer format, or of another migration.
    public static func read(_ bytes: Bytes, key: Bytes, migration: String) throws -> MigrationState {
        struct Head: Decodable {
            var format: Int?
        }
        guard let head = StoredDocument.decode(Head.self, from: bytes) else {
            throw MigrationError.unreadable(key, "holds no JSON document of a migration's state")
        }
        if let format = head.format, format > currentFormat || format < 1 {
            throw MigrationError.unreadable(
                key,
                "is of format \(format) and this program knows only \(currentFormat): a newer program wrote it"
            )
        }
        guard let state = StoredDocument.decode(MigrationState.self, from: bytes) else {
            throw MigrationError.unreadable(key, "holds JSON that is not a migration's state")
        }
        guard state.migrationName == migration else {
            throw MigrationError.unreadable(
                key,
                "holds the state of \(KeyText.escaped(Bytes(state.migrationName))) and not of \(migration)"
            )
        }
        return state
    }
}

/// How many items a phase has seen.
public struct Progress: Sendable, Equatable, Codable {
    /// How many there are, by the plan's count.
    public var totalItems = 0
    /// How many are done, whether they needed work or not.
    public var processedItems = 0
    /// How many are held back.
    public var failedItems = 0
    /// How many needed no work.
    public var skippedItems = 0

    /// Nothing yet.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case totalItems = "total_items"
        case processedItems = "processed_items"
        case failedItems = "failed_items"
        case skippedItems = "skipped_items"
    }

    /// Reads counts; one that another tool leaves out is 0.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        totalItems = try container.decodeIfPresent(Int.self, forKey: .totalItems) ?? 0
        processedItems = try container.decodeIfPresent(Int.self, forKey: .processedItems) ?? 0
        failedItems = try container.decodeIfPresent(Int.self, forKey: .failedItems) ?? 0
        skippedItems = try container.decodeIfPresent(Int.self, forKey: .skippedItems) ?? 0
    }
}

/// What a plan covers, as far as an approval depends on it: kinds and magnitude, not exact counts.
public struct Scope: Sendable, Equatable, Codable {
    /// How many source keys of each kind there were.
    public var kinds: [String: Int]
    /// A scope of these kinds.
    public init(kinds: [String: Int]) {
        self.kinds = kinds
    }

    /// Reads a scope; counts that no keyspace has are refused, since they are reckoned with.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kinds = try container.decode([String: Int].self, forKey: .kinds)
        guard kinds.count <= 1000, kinds.values.allSatisfy((0...1 << 48).contains) else {
            throw DecodingError.dataCorruptedError(forKey: .kinds, in: container, debugDescription: "no counts of keys")
        }
    }

    /// All source keys.
    public var total: Int { kinds.values.reduce(0, +) }

    /// Whether an approval of this scope also covers another: the same kinds, none more than twice as many.
    public func covers(_ other: Scope) -> Bool {
        other.kinds.allSatisfy { kind, count in
            count == 0 || (kinds[kind].map { count <= max(2 * $0, $0 + 20) } ?? false)
        }
    }
}

/// The ledger's shape.
public struct LedgerShape: Sendable, Equatable, Codable {
    /// How many hashes it has.
    public var buckets: Int
    /// A ledger of so many hashes.
    public init(buckets: Int) {
        self.buckets = buckets
    }

    /// The most hashes that a ledger may have: enough for more pairs than one server holds.
    static let most = 1 << 28

    /// Reads a shape; one that no ledger has is refused.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        buckets = try container.decode(Int.self, forKey: .buckets)
        guard (1...Self.most).contains(buckets) else {
            throw DecodingError.dataCorruptedError(
                forKey: .buckets,
                in: container,
                debugDescription: "no ledger's size"
            )
        }
    }
}

/// Where an interrupted apply goes on.
public struct Checkpoint: Sendable, Equatable, Codable {
    /// The cursor of SCAN all of whose earlier pages are committed.
    public var cursor: String
    /// The server process that the cursor belongs to.
    public var runID: String
    /// How many items the earlier pages held.
    public var processedItems: Int

    /// A checkpoint on one server process.
    public init(cursor: String, runID: String, processedItems: Int) {
        self.cursor = cursor
        self.runID = runID
        self.processedItems = processedItems
    }

    enum CodingKeys: String, CodingKey {
        case cursor
        case runID = "run_id"
        case processedItems = "processed_items"
    }
}

/// What a valid verify saw.
public struct Verification: Sendable, Equatable, Codable {
    /// When it ended, by the server's TIME.
    public var verifiedAt: Timestamp
    /// From when the soak counts: the verify, or the last catch-up that found work.
    public var soakFrom: Timestamp
    /// How many pairs it compared.
    public var comparedPairs: Int
    /// How many sources cleanup will look at.
    public var removable: Int
    /// The server it looked at.
    public var server: ServerIdentity

    /// What a verify saw.
    public init(verifiedAt: Timestamp, comparedPairs: Int, removable: Int, server: ServerIdentity) {
        self.verifiedAt = verifiedAt
        soakFrom = verifiedAt
        self.comparedPairs = comparedPairs
        self.removable = removable
        self.server = server
    }

    enum CodingKeys: String, CodingKey {
        case verifiedAt = "verified_at_ms"
        case soakFrom = "soak_from_ms"
        case comparedPairs = "compared_pairs"
        case removable, server
    }
}

/// What a phase left alone for a person to settle.
public struct HeldKeys: Sendable, Equatable, Codable {
    /// One key and why it is held.
    public struct Sample: Sendable, Equatable, Codable {
        /// The key's name, escaped.
        public var key: String
        /// Why it is held.
        public var reason: String

        /// A sample.
        public init(key: String, reason: String) {
            self.key = key
            self.reason = reason
        }
    }

    /// How many keys are held, by reason.
    public var counts: [String: Int] = [:]
    /// At most 20 of them.
    public var samples: [Sample] = []

    /// Nothing held.
    public init() {}

    /// Reads what was held; counts that no keyspace has are refused, since they are reckoned with.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        counts = try container.decodeIfPresent([String: Int].self, forKey: .counts) ?? [:]
        samples = try container.decodeIfPresent([Sample].self, forKey: .samples) ?? []
        guard counts.count <= 1000, counts.values.allSatisfy((0...1 << 48).contains) else {
            throw DecodingError.dataCorruptedError(
                forKey: .counts,
                in: container,
                debugDescription: "no counts of keys"
            )
        }
    }

    /// How many keys are held.
    public var total: Int { counts.values.reduce(0, +) }

    /// Notes one more.
    mutating func add(_ key: Bytes, reason: String) {
        counts[reason, default: 0] += 1
        if samples.count < 20 { samples.append(Sample(key: KeyText.escaped(key), reason: reason)) }
    }
}
