import Logging
import MigrationKit

/// Something worth a line in the journal: what happened, with its facts as metadata.
public struct Event: Sendable {
    /// Every kind of event, each with a message id of its own for the journal's catalog.
    public enum Kind: String, Sendable, CaseIterable {
        /// The daemon has begun.
        case started
        /// The daemon stops.
        case stopping
        /// A new configuration is in force.
        case reloaded
        /// A new configuration was refused; the old one stays.
        case reloadRefused
        /// A step begins.
        case stepStarted
        /// A step is done.
        case stepFinished
        /// A step failed.
        case stepFailed
        /// The schema version was raised.
        case versionRaised
        /// Nothing can be done now.
        case waiting
        /// Nothing can be done until somebody does something.
        case stalled
        /// The schema is at the version wanted.
        case converged
    }

    /// What kind of event.
    public var kind: Kind
    /// The facts.
    public var facts: [Fact: String]

    /// An event with its facts.
    public init(_ kind: Kind, _ facts: [Fact: String] = [:]) {
        self.kind = kind
        self.facts = facts
    }

    /// The facts that events carry; in the journal each is a field of its name in capitals.
    public enum Fact: String, Sendable, CaseIterable {
        /// A migration's name.
        case migration
        /// A step's kind.
        case phase
        /// The current version.
        case schemaVersion = "schema_version"
        /// The version wanted.
        case targetVersion = "target_version"
        /// One word of the list of reasons.
        case reason
        /// A sentence for people.
        case detail
        /// How long a step took.
        case duration
        /// When the next try begins.
        case retryIn = "retry_in"
    }
}

extension Event.Kind {
    /// The 128-bit id by which the journal's catalog explains it; never changes.
    public var messageID: String {
        switch self {
        case .started: return "c20b61a096cc5542fe221871ebc37960"
        case .stopping: return "9304537a983ed16312fd3fbaf867ae9e"
        case .reloaded: return "65645e34afb3eb5551a126317bc23474"
        case .reloadRefused: return "28d5db923f1a75849fc0089ed5a1a187"
        case .stepStarted: return "c4d49edc5614b38f70e6e8d255b66e61"
        case .stepFinished: return "31b497c2fa3f396fc905e57efabd3208"
        case .stepFailed: return "79b6376d57b77b20190cfe510e77c2bd"
        case .versionRaised: return "ed6d393ba393c8badd5cb9a05a4d70ac"
        case .waiting: return "5d829011ae2068f48bad367e65d81970"
        case .stalled: return "7ff753e9d8ce02369a2cbf8fac52e116"
        case .converged: return "fd43078b4ad60d5340cebde939678a52"
        }
    }

    /// How grave it is.
    public var level: Logger.Level {
        switch self {
        case .started, .stopping, .reloaded, .versionRaised, .converged: return .notice
        case .stepStarted, .stepFinished, .waiting: return .info
        case .stepFailed, .reloadRefused: return .warning
        case .stalled: return .error
        }
    }

    /// The constant text.
    public var message: Logger.Message {
        switch self {
        case .started: return "started"
        case .stopping: return "stopping"
        case .reloaded: return "configuration reloaded"
        case .reloadRefused: return "configuration refused; the old one stays"
        case .stepStarted: return "step started"
        case .stepFinished: return "step finished"
        case .stepFailed: return "step failed"
        case .versionRaised: return "schema version raised"
        case .waiting: return "waiting"
        case .stalled: return "stalled"
        case .converged: return "converged"
        }
    }
}

extension Logger {
    /// Logs an event with its id and facts.
    public func log(_ event: Event) {
        var metadata: Logger.Metadata = ["message_id": .string(event.kind.messageID)]
        for (fact, value) in event.facts { metadata[fact.rawValue] = .string(value) }
        log(level: event.kind.level, event.kind.message, metadata: metadata)
    }
}
