import FoundationEssentials
import MigrationKit
import Reconciler

/// What `status` tells, as other programs read it.
struct StatusDocument: Encodable {
    struct MigrationStatus: Encodable {
        var name: String
        var version: Int
        var description: String
        var phase: String?
        var progress: Progress?
        var held: HeldKeys?
        var errors: [String]
        var verification: Verification?
        var approval: Approval?
        var unreadable: String?
    }

    struct LockStatus: Encodable {
        var holder: String
        var migration: String?
        var since: String?
        var expiresInSeconds: Int64?
        var foreign: Bool

        enum CodingKeys: String, CodingKey {
            case holder, migration, since
            case expiresInSeconds = "expires_in_s"
            case foreign
        }
    }

    struct ServerStatus: Encodable {
        var address: String
        var version: String
        var runID: String

        enum CodingKeys: String, CodingKey {
            case address, version
            case runID = "run_id"
        }
    }

    struct Next: Encodable {
        var action: String
        var migration: String?
        var reason: String
        var message: String
    }

    var version: Int?
    var target: Int
    var conditions: [Condition]
    var migrations: [MigrationStatus]
    var lock: LockStatus?
    var pause: Override?
    var server: ServerStatus
    var next: Next

    init(_ snapshot: SchemaSnapshot, action: Action, target: Int, registry: MigrationRegistry, address: String) {
        version = try? snapshot.version.get()
        self.target = target
        conditions = Condition.all(of: action, previous: [], at: snapshot.time)
        migrations = registry.migrations.map { migration in
            Self.status(of: migration, in: snapshot)
        }
        lock = snapshot.lock.holder.map { holder in
            LockStatus(
                holder: holder.text,
                migration: holder.migration,
                since: holder.startedAt,
                expiresInSeconds: holder.timeToLive.map { $0.milliseconds / 1000 },
                foreign: holder.isForeign
            )
        }
        pause = snapshot.pause
        server = ServerStatus(
            address: address,
            version: snapshot.server.version,
            runID: snapshot.server.identity.runID
        )
        next = Self.next(action)
    }

    /// The document as JSON, keys sorted.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    private static func status(of migration: any Migration, in snapshot: SchemaSnapshot) -> MigrationStatus {
        var status = MigrationStatus(
            name: migration.name,
            version: migration.version,
            description: migration.description,
            errors: [],
            approval: snapshot.approvals[migration.name]
        )
        switch snapshot.states[migration.name] {
        case .success(let state)?:
            status.phase = state.trustedPhase.rawValue
            status.progress = state.progress
            status.held = state.held
            status.errors = state.errors
            status.verification = state.verification
        case .failure(let error)?:
            status.unreadable = error.message
        case nil:
            break
        }
        return status
    }

    private static func next(_ action: Action) -> Next {
        let (reason, message) = action.explanation
        switch action {
        case .run(let step):
            return Next(
                action: step.kind.rawValue,
                migration: step.migration,
                reason: reason.rawValue,
                message: message
            )
        case .wait: return Next(action: "wait", reason: reason.rawValue, message: message)
        case .stall: return Next(action: "none", reason: reason.rawValue, message: message)
        case .converged: return Next(action: "none", reason: reason.rawValue, message: message)
        }
    }
}
