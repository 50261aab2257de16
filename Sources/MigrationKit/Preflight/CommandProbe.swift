import RedisClient

/// A command with arguments that it takes, by which a server is asked whether it has it and whether the user may run it.
struct CommandProbe: Sendable {
    /// What follows from its not being there.
    enum Need: Sendable, Equatable {
        /// Nothing goes without it.
        case always
        /// Nothing is removed without it where there are replicas.
        case whereReplicasAre
        /// It does what DUMP and RESTORE do together.
        case copying
        /// It does in its place what COPY does.
        case copyingOtherwise
        /// Sizes are told by it.
        case sizes
        /// Large hashes are read in slices by it, and their sizes told where nothing else tells them.
        case slices
        /// Servers of an older version do not have it, and are asked otherwise.
        case newer
        /// Where fields of hashes can expire nothing goes without it, and elsewhere it is not needed.
        case fieldExpiry
        /// It goes without it, and this sentence says how.
        case convenience(String)
    }

    /// The command as a rule of an ACL names it, such as `memory|usage`.
    var rule: String
    /// The command with its arguments.
    var words: [Bytes]
    /// Those of its arguments that are keys.
    var keys: [Bytes] = []
    /// What follows from its not being there.
    var need = Need.always

    /// The command as people write it.
    var command: String { rule.uppercased().split(separator: "|").joined(separator: " ") }
}

/// The commands that concern keys of one slot.
struct CommandProbeGroup: Sendable {
    /// A key of the slot.
    var key: Bytes
    /// What is not taken in a transaction, and does no harm outside of one.
    var direct: [CommandProbe]
    /// What is queued in a transaction that is given up.
    var queued: [CommandProbe]
}

extension CommandProbe {
    /// A name of the data that no application has.
    private static let dataName = "tenant:{migrateredis-check}:check"

    /// Everything that a phase or an order may send, by slots.
    static func groups(for names: KeyNames, database: Int) -> [CommandProbeGroup] {
        let own = names.probe()
        let data = Bytes(names.prefix + dataName)
        let locks = names.outpostLocks + names.awaitedLocks
        var groups = [
            CommandProbeGroup(key: own, direct: [watch([own])], queued: onServer(names, database) + onOwn(own)),
            CommandProbeGroup(key: names.version, direct: [watch([names.version])], queued: onVersion(names.version)),
            CommandProbeGroup(
                key: data,
                direct: [watch([data])],
                queued: onData(data, isCluster: names.isCluster) + onLedger(names, in: Slot(of: data))
            ),
        ]
        for lock in locks {
            let isTaken = names.outpostLocks.contains(lock)
            groups.append(CommandProbeGroup(key: lock, direct: [watch([lock])], queued: onLock(lock, isTaken: isTaken)))
        }
        // What one transaction is about: rules that each allow a part do not combine for one command.
        let guarded = names.isCluster ? [] : [names.version]
        let batch =
            [names.epoch(for: data)] + guarded
            + [data, names.ledger(of: "check", bucket: 0, in: slot(of: data, names))]
        groups[2].direct.append(watch(batch))
        if !names.isCluster {
            groups[0].direct += [watch([names.lock, names.epoch] + locks), watch([names.epoch, names.version, own])]
            groups[0].queued += [
                on([names.version, own], "exists"), on([names.lock] + names.outpostLocks, "unlink"),
            ]
        }
        return groups
    }

    /// What is asked for only once a server is known to let fields of hashes expire, which HPEXPIRETIME tells: an older one
    /// would note each refusal in its log for nothing.
    static func fieldExpiry(for names: KeyNames) -> [CommandProbe] {
        let data = Bytes(names.prefix + dataName)
        return [
            on([data], "hkeys", need: .fieldExpiry),
            on([data], "hpexpireat", "1", "fields", "1", "x", need: .fieldExpiry),
        ]
    }

    private static func slot(of key: Bytes, _ names: KeyNames) -> Slot? { names.isCluster ? Slot(of: key) : nil }

    private static func plain(_ rule: String, _ more: String..., need: Need = .always) -> CommandProbe {
        CommandProbe(
            rule: rule,
            words: (rule.split(separator: "|").map(String.init) + more).map { Bytes($0) },
            need: need
        )
    }

    private static func on(_ keys: [Bytes], _ rule: String, _ more: String..., need: Need = .always) -> CommandProbe {
        CommandProbe(
            rule: rule,
            words: rule.split(separator: "|").map { Bytes(String($0)) } + keys + more.map { Bytes($0) },
            keys: keys,
            need: need
        )
    }

    private static func watch(_ keys: [Bytes]) -> CommandProbe { on(keys, "watch") }

    private static func onServer(_ names: KeyNames, _ database: Int) -> [CommandProbe] {
        var probes = [
            plain("info"), plain("time"), plain("ping"), plain("scan", "0"),
            plain("command|info", "get", need: .convenience("commands that may not be there are tried")),
            plain("client|id", need: .convenience("a connection that was lost is not cut off")),
            plain("client|setname", "x", need: .convenience("CLIENT LIST does not name the programs")),
            plain("client|kill", "ID", "0", need: .convenience("a connection that was lost is not cut off")),
            CommandProbe(rule: "publish", words: [Bytes("publish"), names.wake, Bytes("check")]),
            plain("wait", "0", "1", need: .whereReplicasAre),
        ]
        if database != 0 { probes.append(plain("select", String(database))) }
        if names.isCluster { probes += [plain("cluster|slots"), plain("cluster|nodes")] }
        return probes
    }

    private static func onOwn(_ key: Bytes) -> [CommandProbe] {
        [
            on([key], "get"), on([key], "getrange", "0", "0"), on([key], "exists"), on([key], "set", "x"),
            on([key], "pttl"), on([key], "pexpire", "1"), on([key], "unlink"), on([key], "type"),
            on([key], "hmget", "x"), on([key], "hset", "x", "x"),
            on([key], "xadd", "*", "x", "x"), on([key], "xrevrange", "+", "-"),
        ]
    }

    private static func onVersion(_ key: Bytes) -> [CommandProbe] {
        [on([key], "get"), on([key], "getrange", "0", "0"), on([key], "exists"), on([key], "set", "x")]
    }

    private static func onLedger(_ names: KeyNames, in slot: Slot) -> [CommandProbe] {
        let key = names.ledger(of: "check", bucket: 0, in: names.isCluster ? slot : nil)
        return [
            on([key], "hget", "x"), on([key], "hmget", "x"), on([key], "hset", "x", "x"), on([key], "hsetnx", "x", "x"),
            on([key], "hdel", "x"), on([key], "exists"), on([key], "unlink"), on([key], "type"),
        ]
    }

    private static func onData(_ key: Bytes, isCluster: Bool) -> [CommandProbe] {
        let otherwise = Need.copyingOtherwise
        let probes = [
            on([key], "type"), on([key], "exists"), on([key], "memory|usage", need: .sizes), on([key], "pttl"),
            on([key], "hgetall"), on([key], "hget", "x"), on([key], "hmget", "x"),
            on([key], "hlen", need: .slices), on([key], "hscan", "0", need: .slices),
            on([key], "hset", "x", "x"), on([key], "unlink"),
            on([key], "pexpireat", "1"), on([key], "persist"), on([key], "pexpiretime", need: .newer),
            on([key], "hpexpiretime", "fields", "1", "x", need: .fieldExpiry),
            on([key], "getrange", "0", "0"), on([key], "lrange", "0", "0"), on([key], "srandmember"),
            on([key], "zrange", "0", "0"), on([key], "xrange", "-", "+"), on([key], "xinfo|stream"),
            on([key], "dump", need: isCluster ? .always : otherwise),
            on([key], "restore", "0", "", need: isCluster ? .always : otherwise),
        ]
        return isCluster ? probes : probes + [on([key, key], "copy", need: .copying)]
    }

    private static func onLock(_ key: Bytes, isTaken: Bool) -> [CommandProbe] {
        let reads = [on([key], "getrange", "0", "0"), on([key], "pttl")]
        return isTaken ? reads + [on([key], "set", "1"), on([key], "pexpire", "1"), on([key], "unlink")] : reads
    }
}
