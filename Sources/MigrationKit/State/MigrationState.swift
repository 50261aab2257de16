import RedisClient

/// The state of one migration, as stored under `outpost:migration:<name>:state`.
///
/// The first seven fields are the original tool's and other tools read them; the rest is ours. State without `format` is
/// the original's: it is read, but its word is no proof.
public struct MigrationState: Sendable, Equatable, Codable {
    /// The newest format that this program reads and writes.
    public static let currentFormat = 1

    private static let mostErrors = 20

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
    /// How many new keys were written since they were copied, where verify found more than few; a person may accept them.
    public var inUse: Int?
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
    /// Whether another tool had copied the keys and raised the version before we came, so that a new key which differs from
    /// its old one was changed by applications since.
    public var wasRaisedElsewhere: Bool?
    /// Whether a ledger of ours contradicts the original tool's word that the migration is cleaned; not stored.
    public var isContradicted = false
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
        format == nil && (phase != .cleaned || isContradicted) ? .planned : phase
    }

    /// Whether the original tool says that it has copied: then new applications may have worked on its copies, and what they
    /// deleted is not known.
    public var hasForeignCopies: Bool {
        guard format == nil else { return false }
        switch phase {
        case .applied, .verified, .cleaning, .cleaned: return true
        case .planned, .applying, .failed: return false
        }
    }

    enum CodingKeys: String, CodingKey {
        case migrationName = "migration_name"
        case phase
        case startedAt = "started_at"
        case completedAt = "completed_at"
        case progress, errors, metadata, format, epoch, scope, ledger, checkpoint, verification, held
        case inUse = "in_use"
        case failedPhase = "failed_phase"
        case server
        case followedAt = "followed_at_ms"
        case keptAt = "kept_at_ms"
        case deletesAreUnseen = "deletes_unseen"
        case wasRaisedElsewhere = "raised_elsewhere"
    }

    /// How the original tool writes a time that is not set.
    private static let zeroTime = "0001-01-01T00:00:00Z"

    /// Reads a state; fields that the original tool omits when empty may be missing.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        migrationName = try container.decode(String.self, forKey: .migrationName)
        phase = try container.decode(Phase.self, forKey: .phase)
        startedAt = try container.decodeIfPresent(String.self, forKey: .startedAt) ?? ""
        if startedAt == Self.zeroTime { startedAt = "" }
        completedAt = try container.decodeIfPresent(String.self, forKey: .completedAt)
        if completedAt == Self.zeroTime { completedAt = nil }
        progress = try container.decodeIfPresent(Progress.self, forKey: .progress) ?? Progress()
        errors = Array((try container.decodeIfPresent([String].self, forKey: .errors) ?? []).prefix(Self.mostErrors))
        metadata = try container.decodeIfPresent([String: JSONValue].self, forKey: .metadata) ?? [:]
        format = try container.decodeIfPresent(Int.self, forKey: .format)
        epoch = try container.boundedIfPresent(.epoch).map(UInt64.init)
        scope = try container.decodeIfPresent(Scope.self, forKey: .scope)
        ledger = try container.decodeIfPresent(LedgerShape.self, forKey: .ledger)
        checkpoint = try container.decodeIfPresent(Checkpoint.self, forKey: .checkpoint)
        verification = try container.decodeIfPresent(Verification.self, forKey: .verification)
        held = try container.decodeIfPresent(HeldKeys.self, forKey: .held)
        inUse = try container.boundedIfPresent(.inUse)
        failedPhase = try container.decodeIfPresent(String.self, forKey: .failedPhase)
        server = try container.decodeIfPresent(ServerIdentity.self, forKey: .server)
        followedAt = try container.decodeIfPresent(Timestamp.self, forKey: .followedAt)
        keptAt = try container.decodeIfPresent(Timestamp.self, forKey: .keptAt)
        deletesAreUnseen = try container.decodeIfPresent(Bool.self, forKey: .deletesAreUnseen)
        wasRaisedElsewhere = try container.decodeIfPresent(Bool.self, forKey: .wasRaisedElsewhere)
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
        let state: MigrationState
        do {
            state = try StoredDocument.read(MigrationState.self, from: bytes)
        } catch {
            let fault = error.text.isEmpty ? "" : ": \(error.text)"
            throw MigrationError.unreadable(key, "holds JSON that is not a migration's state\(fault)")
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
