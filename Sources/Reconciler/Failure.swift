import MigrationKit
import RedisClient

/// A step's or a look's failure, as the loop needs to know it.
struct Failure: Sendable {
    var message: String
    var reason: Reason
    var isTransient: Bool
    var isPermission = false
    var isInterruption = false
    var hasConflicts = false

    /// What an error amounts to.
    init(_ error: any Error) {
        switch error {
        case let error as RedisError:
            message = error.message
            isTransient = error.isRetryable
            isPermission = error.isPermission
            reason = error.isPermission ? .permissionDenied : error.isConnectivity ? .redisUnreachable : .retrying
            if !isTransient, !isPermission { reason = .stepFailed }
        case let error as MigrationError:
            message = error.message
            isTransient = error.isRetryable
            isInterruption = error.code == .interrupted
            isPermission = error.code == .commandsMissing
            reason = Self.reason(of: error.code)
        default:
            message = String(describing: error)
            isTransient = false
            reason = .stepFailed
        }
    }

    /// What an invalid verify amounts to.
    init(invalid problems: [String], hasConflicts: Bool) {
        message = problems.joined(separator: " ")
        isTransient = !hasConflicts
        self.hasConflicts = hasConflicts
        reason = hasConflicts ? .conflictsFound : .retrying
    }

    private static func reason(of code: MigrationError.Code) -> Reason {
        switch code {
        case .lockHeld: return .lockHeld
        case .notMaster: return .notMaster
        case .unreadable: return .unreadable
        case .foreignRecord: return .foreignRecord
        case .newerSchema: return .newerSchema
        case .versionRegressed: return .versionRegressed
        case .dataLost: return .dataLost
        case .sourcesDisappeared: return .sourcesDisappeared
        case .evictionPolicy: return .evictionPolicy
        case .commandsMissing: return .permissionDenied
        case .clusterUnsettled: return .clusterUnsettled
        case .replicasBehind: return .replicasBehind
        case .serverStrained: return .serverStrained
        case .leaseLost, .fenced, .versionChanged, .serverChanged, .interrupted, .gateClosed, .pinned: return .retrying
        case .copyDiffers, .wrongPhase, .unknownMigration, .unsupported, .doubtfulPlace: return .stepFailed
        }
    }
}

extension Action {
    /// What a look that failed amounts to.
    public static func after(failedLook error: any Error) -> Action {
        let failure = Failure(error)
        if failure.isPermission { return .stall(.permissionDenied, failure.message) }
        return failure.isTransient ? .wait(.redisUnreachable, failure.message) : .stall(.stepFailed, failure.message)
    }
}
