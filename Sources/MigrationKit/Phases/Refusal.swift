/// Why nothing of a keyspace may be touched, by a daemon or by hand.
public struct Refusal: Error, Sendable, Equatable {
    /// What kind of row it is.
    public enum Cause: Sendable, Equatable, CaseIterable {
        /// The server is a replica.
        case notMaster
        /// The version, a state, a record or the pin cannot be read.
        case unreadable
        /// Another host knows a newer schema.
        case newerSchema
        /// Something went backwards, or the states tell of a later server than this one.
        case dataLost
        /// The version is lower than the states say it was.
        case versionRegressed
        /// Outpost's records of its migrations contradict one another.
        case foreignRecord
    }

    /// What kind of row it is.
    public var cause: Cause
    /// What was found, and the way out.
    public var message: String
    /// The migration that it concerns, if it is one.
    public var migration: String?

    /// A refusal with its sentence.
    public init(_ cause: Cause, _ message: String, migration: String? = nil) {
        self.cause = cause
        self.message = message
        self.migration = migration
    }

    /// What was read, or the refusal for what could not be.
    static func unlessRead<Value>(_ result: Result<Value, MigrationError>, of migration: String? = nil)
        throws(Refusal) -> Value
    {
        switch result {
        case .success(let value): return value
        case .failure(let error): throw Refusal(.unreadable, error.message, migration: migration)
        }
    }

    /// Whether the verify of a migration is the way out: it compares everything with the server as it is now.
    public func isSettled(byVerifying migration: String) -> Bool {
        cause == .dataLost && self.migration == migration
    }

    /// The same as the failure of a phase.
    public var failure: MigrationError {
        switch cause {
        case .notMaster: return MigrationError(.notMaster, message)
        case .unreadable: return MigrationError(.unreadable, message)
        case .newerSchema: return MigrationError(.newerSchema, message)
        case .dataLost: return MigrationError(.dataLost, message)
        case .versionRegressed: return MigrationError(.versionRegressed, message)
        case .foreignRecord: return MigrationError(.foreignRecord, message)
        }
    }
}
