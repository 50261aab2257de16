import RedisClient

/// A failure of a migration or of what surrounds it: what happened, what to do, and whether waiting helps.
public struct MigrationError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Sendable, Equatable {
        /// Somebody else holds the lock.
        case lockHeld
        /// The lock was lost while working.
        case leaseLost
        /// Another holder has raised the epoch: nothing of the last batch was written.
        case fenced
        /// What Redis holds under one of our names cannot be read; nothing was touched.
        case unreadable
        /// The keyspace is at a version that another, newer program has raised; nothing was touched.
        case newerSchema
        /// The version is lower than the states say it was; nothing was touched.
        case versionRegressed
        /// The states tell of a later server than this one; nothing was touched.
        case dataLost
        /// The schema version, or what Outpost records of it, changed while a phase ran.
        case versionChanged
        /// The server is a replica; nothing was touched.
        case notMaster
        /// It is doubtful that this is the keyspace that was meant; nothing was touched.
        case doubtfulPlace
        /// The walk saw the server change its identity.
        case serverChanged
        /// The nodes of the cluster do not agree, slots are on their way or have no master.
        case clusterUnsettled
        /// Replicas have not yet what their master has.
        case replicasBehind
        /// A server stayed so strained that the walk made room for it.
        case serverStrained
        /// More sources vanished than deletes explain.
        case sourcesDisappeared
        /// Outpost's own records contradict one another.
        case foreignRecord
        /// A copy that was read back is not what was copied.
        case copyDiffers
        /// The work was asked to stop; what is done is kept.
        case interrupted
        /// The phase does not follow from where the migration stands.
        case wrongPhase
        /// A gate is closed.
        case gateClosed
        /// A person has pinned a lower version.
        case pinned
        /// No migration has this name.
        case unknownMigration
        /// The server or the data lacks something that cannot be replaced.
        case unsupported
        /// The eviction policy may drop keys.
        case evictionPolicy
        /// Redis refuses the user, or lacks, commands that this or a later phase needs.
        case commandsMissing
    }

    /// What kind of failure it is.
    public var code: Code
    /// One sentence that says what happened and what to do.
    public var message: String
    /// Who holds the lock, for `lockHeld`.
    public var holder: LockHolder?

    /// A failure with its sentence.
    public init(_ code: Code, _ message: String, holder: LockHolder? = nil) {
        self.code = code
        self.message = message
        self.holder = holder
    }

    /// Whether the same work may succeed later without anybody doing something.
    public var isRetryable: Bool {
        switch code {
        case .notMaster, .lockHeld, .leaseLost, .fenced, .newerSchema, .versionChanged, .serverChanged,
            .clusterUnsettled, .replicasBehind, .serverStrained, .interrupted, .gateClosed, .pinned:
            return true
        case .unreadable, .versionRegressed, .dataLost, .foreignRecord, .sourcesDisappeared, .copyDiffers, .wrongPhase,
            .unknownMigration, .unsupported, .evictionPolicy, .commandsMissing, .doubtfulPlace:
            return false
        }
    }

    /// The sentence.
    public var description: String { message }
}

extension MigrationError {
    /// What Redis holds under one of our names cannot be read.
    static func unreadable(_ key: Bytes, _ why: String) -> MigrationError {
        MigrationError(
            .unreadable,
            "The key \(KeyText.escaped(key)) \(why). Nothing was touched; look at it, and restore or remove it."
        )
    }
}

extension MigrationError {
    /// A walk that was asked to stop, and keeps nothing from which it could go on.
    static let startsOver = MigrationError(
        .interrupted,
        "Interrupted. Nothing is left half done; the next run starts over."
    )
    /// A walk that was asked to stop, and has stored its checkpoint.
    static let goesOn = MigrationError(.interrupted, "Interrupted. Progress is saved; run it again to continue.")
}
