import RedisClient

/// What a migration's phase may use: passed to it, never kept.
public struct MigrationContext: Sendable {
    /// The names of this deployment.
    public var names: KeyNames
    /// Where its keys live.
    public var keyspace: any Keyspace
    /// The lease whose writes count; nil for a plan, which writes nothing.
    public var lease: Lease?
    /// What must be as it was found before anything is written; nil where nothing was read of it.
    var versionGuard: VersionGuard?
    /// Where the migration stands.
    public var state: MigrationState?
    /// Whether its version has been raised: from then on the new names are the truth.
    public var isRaised: Bool
    /// How many pairs without their destination catch-up found just before a cleanup.
    public var missingBeforeCleanup = 0
    /// Whether others had copied the keys and raised the version before we came, and nothing was verified since.
    public var wasRaisedElsewhere = false
    /// Whether this is the catch-up right after the raise, which carries out deletes that verify came too early to see.
    public var carriesDeletes = false
    /// How many pairs that are `inUse` a person has accepted.
    public var acceptedInUse = 0
    /// The rewrites of later migrations that were begun: a copy after the raise takes them with it.
    public var laterRewrites: [any FieldRewrites] = []
    /// The ledgers of earlier migrations that are not cleaned: what is rewritten must not look like the application's.
    var earlierLedgers: [Ledger] = []
    /// What the server can do.
    public var features = ServerFeatures()
    /// Told of every key that is held, a page of them at a time; the walk waits meanwhile.
    public var held: (@Sendable ([HeldKey]) async throws -> Void)?
    /// How pairs that are held are settled; nil where they are left alone. Nothing else is done then.
    public var resolution: Resolution?
    /// How gently to treat the server; may change while a phase runs.
    public var liveLimits: LiveLimits
    /// How long a walk waits for a strained server before it gives up for now.
    var patience = Duration.seconds(300)
    /// Told now and then how far the phase is.
    public var progress: @Sendable (Progress) -> Void
    /// Stores the state between batches, with its checkpoint.
    public var save: @Sendable (MigrationState) async throws -> Void
    /// Whether the phase should stop at the next safe point.
    public var shouldStop: @Sendable () -> Bool

    /// The fence of a lease, through which only this phase writes.
    func fence(of lease: Lease) -> Fence { Fence(lease, guarding: versionGuard) }

    /// How gently to treat the server now.
    public var limits: Limits { liveLimits.current }

    /// A context of its parts.
    public init(
        names: KeyNames,
        keyspace: any Keyspace,
        lease: Lease?,
        state: MigrationState?,
        isRaised: Bool,
        limits: Limits,
        progress: @escaping @Sendable (Progress) -> Void = { _ in },
        save: @escaping @Sendable (MigrationState) async throws -> Void = { _ in },
        shouldStop: @escaping @Sendable () -> Bool = { false }
    ) {
        self.names = names
        self.keyspace = keyspace
        self.lease = lease
        self.state = state
        self.isRaised = isRaised
        liveLimits = LiveLimits(limits)
        self.progress = progress
        self.save = save
        self.shouldStop = shouldStop
    }
}
