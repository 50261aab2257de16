import ArgumentParser
import MigrationKit
import RedisClient
import Settings

/// How the programs end: sysexits(3) where it has a word for it.
public enum ExitStatus: Int32, Sendable {
    /// Done.
    case done = 0
    /// Failed, invalid or declined.
    case failed = 1
    /// The command line is wrong.
    case usage = 64
    /// Redis cannot be reached.
    case unavailable = 69
    /// Held up: the lock is held, all work is paused, a gate is closed, or the work was interrupted. Try again.
    case temporary = 75
    /// Redis refuses this user or one of its commands, or does not have one.
    case permission = 77
    /// The configuration cannot be used.
    case configuration = 78

    /// As the argument parser wants it.
    public var code: ExitCode { ExitCode(rawValue) }

    /// The status that an error means.
    public init(_ error: any Error) {
        switch error {
        case let error as SettingsError: self = error.isOfCommandLine ? .usage : .configuration
        case let error as RedisError:
            if let fault = error.loginFault, fault.isMisconfiguration || fault.isUnavailability {
                self = fault.isMisconfiguration ? .configuration : .unavailable
            } else if error.isPermission {
                self = .permission
            } else if error.code == .misconfigured {
                self = .configuration
            } else if error.isConnectivity || ["LOADING", "MAXCLIENTS", "MASTERDOWN", "OOM"].contains(error.serverCode)
            {
                self = .unavailable
            } else {
                self = .failed
            }
        case let error as MigrationError:
            switch error.code {
            case .lockHeld, .gateClosed, .pinned, .interrupted, .serverStrained: self = .temporary
            // Somebody else works now.
            case .leaseLost where error.holder != nil: self = .temporary
            case .unknownMigration: self = .usage
            case .notMaster: self = .unavailable
            case .commandsMissing: self = .permission
            default: self = .failed
            }
        default: self = .failed
        }
    }
}
