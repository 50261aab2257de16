import Logging
import MigrationKit

extension Event.Kind {
    /// How grave it is.
    public var level: Logger.Level {
        switch self {
        case .started, .stopping, .reloaded, .credentialChanged, .versionRaised, .versionAdopted, .converged:
            return .notice
        case .approved, .revoked, .paused, .resumed, .pinned, .unpinned, .retryAsked, .reconcileAsked, .resolved,
            .unlocked:
            return .notice
        case .stepStarted, .stepFinished, .waiting, .phaseChanged: return .info
        case .stepFailed, .waitingLong, .placeDoubted, .reloadRefused, .metricsNotWritten, .lockTakenOver:
            return .warning
        case .stalled, .keysHeld: return .error
        case .configurationRefused: return .critical
        }
    }

    /// Whether nobody needs to hear of it where all goes well. Why nothing is done is not routine.
    public var isRoutine: Bool { self != .waiting && level < .warning }
}

extension Logger {
    /// Logs an event with its id and facts.
    public func log(_ event: Event) {
        var metadata: Logger.Metadata = [
            "message_id": .string(event.kind.messageID), "sentence": .string(event.sentence),
        ]
        for (fact, value) in event.facts { metadata[fact.rawValue] = .string(value) }
        log(level: event.kind.level, "\(event.kind.text)", metadata: metadata)
    }
}
