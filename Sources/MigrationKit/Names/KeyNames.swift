import RedisClient

/// The names of all keys that the programs keep in Redis: the one place that makes them.
///
/// With a deployment id every name starts with `<id>:`, and so do the data keys that migrations look at.
public struct KeyNames: Sendable, Hashable {
    /// What every name of this deployment starts with: `<id>:`, or nothing.
    public let prefix: String

    /// Whether the keys are spread over the slots of a cluster: then each slot has an epoch and ledgers of its own.
    public let isCluster: Bool

    /// Asked of every name of a keyspace, so made once.
    private let bookkeeping: Bytes

    /// The names of one deployment; an empty id stands for none.
    public init(deploymentID: String = "", isCluster: Bool = false) {
        prefix = deploymentID.isEmpty ? "" : deploymentID + ":"
        self.isCluster = isCluster
        bookkeeping = Bytes(prefix + "outpost:migration:")
        version = Bytes(prefix + "outpost:schema:version")
        outpostLocks = [Bytes(prefix + ".outpost:migration_lock"), Bytes(prefix + ".outpost:migration:lock")]
        awaitedLocks = prefix.isEmpty ? [] : [Bytes(".outpost:migration:lock")]
    }

    /// Whether the deployment has an id.
    public var hasDeploymentID: Bool { !prefix.isEmpty }

    /// The current schema version: a string, decimal; absent means 0.
    public let version: Bytes
    /// The lock: JSON of its holder, with a time to live.
    public var lock: Bytes { key("outpost:migration:lock") }
    /// The locks of Outpost's own migrators, the newest versions' first: held by us while we hold ours.
    public let outpostLocks: [Bytes]
    /// Locks that we wait for and never take: earlier versions of Outpost had one for all deployments of a database.
    public let awaitedLocks: [Bytes]
    /// The fence of the slot of a key: `<n>:<lock token>`; one server has one for all.
    public func epoch(for key: Bytes) -> Bytes {
        isCluster ? epoch(in: Slot(of: key)) : self.key("outpost:migration:epoch")
    }
    /// The fence of the lock's own slot, raised with it in one transaction.
    public var epoch: Bytes { epoch(for: lock) }
    /// The fence of a slot; it moves with its slot.
    func epoch(in slot: Slot) -> Bytes { key("outpost:migration:epoch:{\(slot.tag)}") }
    /// A name that nothing has, in a slot or in any: what a server does with a key is tried on it.
    func probe(in slot: Slot? = nil) -> Bytes {
        let tag = slot.map { "\($0.tag)" } ?? "check"
        return key("outpost:migration:check:{\(tag)}")
    }
    /// The order to stop at the next safe point: JSON.
    public var pause: Bytes { key("outpost:migration:pause") }
    /// The target that takes the place of the configured one: JSON.
    public var pin: Bytes { key("outpost:migration:pin") }
    /// The last order to forget failures: JSON.
    public var retry: Bytes { key("outpost:migration:retry") }
    /// Every transition and every override: a capped stream.
    public var history: Bytes { key("outpost:migration:history") }
    /// What each process tells of itself: a hash of JSON, a field for each.
    public var daemons: Bytes { key("outpost:migration:daemons") }
    /// The channel on which daemons hear that a person gave an order.
    public var wake: Bytes { key("outpost:migration:wake") }
    /// The state of one migration: JSON.
    public func state(of migration: String) -> Bytes { key("outpost:migration:\(migration):state") }
    /// Who approved which phase of which plan: JSON.
    public func approval(of migration: String) -> Bytes { key("outpost:migration:\(migration):approval") }
    /// What Outpost itself keeps about one migration: a hash with `status` and the time.
    public func outpostRecord(of migration: String) -> Bytes { key("outpost:migration:\(migration)") }
    /// One of the hashes that hold what was copied; in a cluster one of a slot's.
    public func ledger(of migration: String, bucket: Int, in slot: Slot? = nil) -> Bytes {
        var name = Bytes()
        name.reserveCapacity(bookkeeping.count + migration.utf8.count + 32)
        name += bookkeeping
        name += migration.utf8
        name += ":ledger:".utf8
        if let slot { name += "{\(slot.tag)}:".utf8 }
        name.append(decimal: bucket)
        return name
    }

    /// The name of a data key in this deployment.
    public func data(_ name: String) -> Bytes { key(name) }

    /// Whether a name is one of the programs' own.
    public func isBookkeeping(_ name: Bytes) -> Bool {
        name.starts(with: bookkeeping) || name == version || outpostLocks.contains(name)
    }

    private func key(_ name: String) -> Bytes { Bytes(prefix + name) }
}
