import FoundationEssentials
import MigrationKit
import Reconciler
import RedisClient

/// What `status` tells: the one value of which text and JSON are made.
///
/// The documentation's "Commands" names every field; a field that is not known is left out.
struct StatusDocument: Sendable, Equatable, Codable {
    /// The form of this document; one that takes a field away or gives it another meaning gets another number.
    var format = 1
    /// The server's clock at the look, RFC 3339.
    var time: String?
    /// The schema version.
    var version: Int?
    /// The version wanted.
    var target: Int
    /// Who wants it.
    var targetFrom: TargetOrigin
    /// What is so; without times, since one look does not know since when.
    var conditions: [Condition]
    /// Every migration known, in order; none where Redis could not be looked at.
    var migrations: [MigrationStatus]
    /// Who holds the lock.
    var lock: LockStatus?
    /// What daemons tell of themselves, the latest first; those of the last hour that were not heard of since, too.
    var daemons: [DaemonStatus] = []
    /// The order to stop.
    var pause: Override?
    /// The target that takes the place of the configured one.
    var pin: Pin?
    /// The server.
    var server: ServerStatus
    /// What a daemon would do now.
    var next: Next

    /// Who wants a version.
    enum TargetOrigin: String, Sendable, Codable {
        /// `schema.target`, wherever it was set.
        case configuration
        /// Nobody: the newest version known is taken.
        case newest
        /// A person, for all programs.
        case pin
    }

    /// One migration.
    struct MigrationStatus: Sendable, Equatable, Codable {
        var name: String
        var version: Int
        var description: String
        var notApplicable: String?
        var phase: Phase?
        var failedPhase: String?
        var startedAt: String?
        var completedAt: String?
        var progress: Progress?
        var held: HeldKeys?
        var errors: [String]
        var verification: Verification?
        var approval: Approval?
        var unreadable: String?

        enum CodingKeys: String, CodingKey {
            case name, version, description, phase, progress, held, errors, verification, approval, unreadable
            case notApplicable = "not_applicable"
            case failedPhase = "failed_phase"
            case startedAt = "started_at"
            case completedAt = "completed_at"
        }
    }

    /// Who holds the lock.
    struct LockStatus: Sendable, Equatable, Codable {
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

    /// The server; of one that could not be looked at only the address is known.
    struct ServerStatus: Sendable, Equatable, Codable {
        var address: String
        var version: String?
        var runID: String?

        enum CodingKeys: String, CodingKey {
            case address, version
            case runID = "run_id"
        }
    }

    /// What a daemon would do now.
    struct Next: Sendable, Equatable, Codable {
        /// What is done: a step, or `wait`, `stall`, `none`.
        var action: String
        var migration: String?
        var reason: Reason
        var message: String
        /// Which process does it, or says so; nil where it is what a daemon with this configuration would do.
        var by: String?
    }

    enum CodingKeys: String, CodingKey {
        case format, time, version, target, conditions, migrations, lock, daemons, pause, pin, server, next
        case targetFrom = "target_from"
    }
}

extension StatusDocument {
    /// The document as JSON, keys sorted.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return SafeText.json(String(decoding: try encoder.encode(self), as: UTF8.self))
    }

    /// What a person has to settle, as a sentence; nil where that is nothing.
    var heldBack: String? {
        conditions.first { $0.type == .keysHeld && $0.status == "True" }?.message
    }

    /// What monitoring makes of it: 0 converged, 1 on its way or waiting, 2 somebody has to act, 3 unknown.
    var checkStatus: Int32 {
        let status = statusOfAction
        return heldBack != nil && status < 2 ? 2 : status
    }

    private var statusOfAction: Int32 {
        switch next.action {
        case "none": return 0
        case "stall": return next.reason == .permissionDenied ? 3 : 2
        default: return [.redisUnreachable, .notMaster].contains(next.reason) ? 3 : 1
        }
    }
}
