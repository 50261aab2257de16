extension Event {
    /// Every kind of event, each with a message id and a text of its own.
    ///
    /// Its raw value is the field `event` of the history: a name that was given out stays.
    public enum Kind: String, Sendable, CaseIterable {
        /// The daemon has begun.
        case started
        /// The daemon stops.
        case stopping
        /// A new configuration is in force.
        case reloaded
        /// A new configuration was refused; the old one stays.
        case reloadRefused
        /// The daemon cannot begin: the configuration is wrong.
        case configurationRefused
        /// The daemon ends, so that it is started again with a new password.
        case credentialChanged
        /// The metrics' file cannot be written.
        case metricsNotWritten
        /// A step begins.
        case stepStarted
        /// A step is done.
        case stepFinished
        /// A step failed.
        case stepFailed
        /// The schema version was raised.
        case versionRaised
        /// The version that another tool had raised the keyspace to was taken over.
        case versionAdopted
        /// A step left keys for a person to settle.
        case keysHeld
        /// It is doubtful that the keyspace that is worked on is the one that was meant.
        case placeDoubted
        /// Nothing can be done now.
        case waiting
        /// Nothing could be done for more than a minute.
        case waitingLong
        /// Nothing can be done until somebody does something.
        case stalled
        /// The schema is at the version wanted.
        case converged

        /// A migration came into another phase.
        case phaseChanged
        /// A person opened a gate.
        case approved
        /// A person closed a gate again.
        case revoked
        /// A person ordered all work to stop.
        case paused
        /// A person ended that.
        case resumed
        /// A person put another target in the place of the configured one.
        case pinned
        /// A person ended that.
        case unpinned
        /// A person asked to forget failures.
        case retryAsked
        /// A person asked to look now.
        case reconcileAsked
        /// A person settled conflicts.
        case resolved
        /// An abandoned lock was taken over.
        case lockTakenOver
        /// A person removed the lock.
        case unlocked
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
        case .configurationRefused: return "87901cebe8ca2f25a494473658b6d905"
        case .credentialChanged: return "3dadef9e6990a73036fb98bc2dee820d"
        case .metricsNotWritten: return "565f18f4d500cf6f8783011ad5b8b0ca"
        case .stepStarted: return "c4d49edc5614b38f70e6e8d255b66e61"
        case .stepFinished: return "31b497c2fa3f396fc905e57efabd3208"
        case .stepFailed: return "79b6376d57b77b20190cfe510e77c2bd"
        case .versionRaised: return "ed6d393ba393c8badd5cb9a05a4d70ac"
        case .versionAdopted: return "40c9e80f68e84f67bca184b49c19329a"
        case .placeDoubted: return "5b7f0f3c1d5b4c0c9a6e2f84d1c37e60"
        case .keysHeld: return "a90a277d091b492491be65590bf47765"
        case .waiting: return "5d829011ae2068f48bad367e65d81970"
        case .waitingLong: return "1b7c0f6e9f0a4a0f8e2d35c6a4d1b9e7"
        case .stalled: return "7ff753e9d8ce02369a2cbf8fac52e116"
        case .converged: return "fd43078b4ad60d5340cebde939678a52"
        case .phaseChanged: return "4b614dc075c7306048ad2ab3c68af4c1"
        case .approved: return "0e3a587746506372164b65ee64fde39a"
        case .revoked: return "0d90d9b71d91e0d647f2e03d1cbe2209"
        case .paused: return "cd714e81afc1238161b782083d3981d3"
        case .resumed: return "92acc393bbf2fb5723cc255c41b93be7"
        case .pinned: return "5dcaceca2e3acea12d5d5e8445a78f7c"
        case .unpinned: return "c27f76fa52e446d29b9198e99c30ab7c"
        case .retryAsked: return "4d67090790d84b61c82669aa1f7bfd56"
        case .reconcileAsked: return "3264d0d1ef86c84a017dd17974028957"
        case .resolved: return "a1c6164d99886452b965a544ba73acb1"
        case .lockTakenOver: return "be552f219513a65163c1c35552207c39"
        case .unlocked: return "42da635810baadc74e81000bb1dfbc48"
        }
    }

    /// The constant text; what differs from time to time is in the facts.
    public var text: String {
        switch self {
        case .started: return "started"
        case .stopping: return "stopping"
        case .reloaded: return "configuration reloaded"
        case .reloadRefused: return "configuration refused; the old one stays"
        case .configurationRefused: return "configuration refused"
        case .credentialChanged: return "password changed; ending for a restart"
        case .metricsNotWritten: return "metrics not written"
        case .stepStarted: return "step started"
        case .stepFinished: return "step finished"
        case .stepFailed: return "step failed"
        case .versionRaised: return "schema version raised"
        case .versionAdopted: return "schema version adopted"
        case .placeDoubted: return "this may be the wrong database"
        case .keysHeld: return "keys held back for a person"
        case .waiting: return "waiting"
        case .waitingLong: return "still waiting"
        case .stalled: return "stalled"
        case .converged: return "converged"
        case .phaseChanged: return "phase changed"
        case .approved: return "gate opened"
        case .revoked: return "gate closed"
        case .paused: return "all work paused"
        case .resumed: return "work resumed"
        case .pinned: return "target pinned"
        case .unpinned: return "target no longer pinned"
        case .retryAsked: return "retry asked for"
        case .reconcileAsked: return "look asked for"
        case .resolved: return "conflicts settled"
        case .lockTakenOver: return "abandoned lock taken over"
        case .unlocked: return "lock removed"
        }
    }
}
