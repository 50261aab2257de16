import RedisClient

/// The names of all keys that the programs keep in Redis: the one place that makes them.
///
/// With a deployment id every name starts with `<id>:`, and so do the data keys that migrations look at.
public struct KeyNames: Sendable, Hashable {
    /// What every name of this deployment starts with: `<id>:`, or nothing.
    public let prefix: String

    /// The names of one deployment; an empty id stands for none.
    public init(deploymentID: String = "") {
        prefix = deploymentID.isEmpty ? "" : deploymentID + ":"
    }

    /// Whether the deployment has an id.
    public var hasDeploymentID: Bool { !prefix.isEmpty }

    /// The current schema version: a string, decimal; absent means 0.
    public var version: Bytes { key("outpost:schema:version") }
    /// The lock: JSON of its holder, with a time to live.
    public var lock: Bytes { key("outpost:migration:lock") }
    /// The fence: `<n>:<lock token>`.
    public var epoch: Bytes { key("outpost:migration:epoch") }
    /// The order to stop at the next safe point: JSON.
    public var pause: Bytes { key("outpost:migration:pause") }
    /// The target that takes the place of the configured one: JSON.
    public var pin: Bytes { key("outpost:migration:pin") }
    /// Every transition and every override: a capped stream.
    public var history: Bytes { key("outpost:migration:history") }
    /// The state of one migration: JSON.
    public func state(of migration: String) -> Bytes { key("outpost:migration:\(migration):state") }
    /// Who approved which phase of which plan: JSON.
    public func approval(of migration: String) -> Bytes { key("outpost:migration:\(migration):approval") }
    /// One of the hashes that hold what was copied.
    public func ledger(of migration: String, bucket: Int) -> Bytes {
        key("outpost:migration:\(migration):ledger:\(bucket)")
    }

    /// The name of a data key in this deployment.
    public func data(_ name: String) -> Bytes { key(name) }

    /// Whether a name is one of the programs' own.
    public func isBookkeeping(_ name: Bytes) -> Bool {
        name.starts(with: key("outpost:migration:")) || name == version
    }

    private func key(_ name: String) -> Bytes { Bytes(prefix + name) }
}
