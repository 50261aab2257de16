/// Everything that the programs can be told, with its defaults, as plain values.
///
/// ``SettingsReader`` fills one from the command line, the environment and the files; tests make one by hand.
/// The keys, variables and ranges of each value are rows of ``SettingTable``.
public struct Settings: Sendable, Equatable {
    /// Which schema is wanted, and whose.
    public var schema = Schema()
    /// Which Redis, and how to reach it.
    public var redis = Redis()
    /// How often the loop looks.
    public var reconcile = Reconcile()
    /// What an apply waits for.
    public var apply = Apply()
    /// What a cleanup waits for.
    public var cleanup = Cleanup()
    /// The times of the lock.
    public var lock = Lock()
    /// What a migration may take from the server.
    public var limits = Limits()
    /// Where metrics go.
    public var metrics = Metrics()

    /// Creates the defaults.
    public init() {}
}
