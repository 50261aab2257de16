import MigrationKit
import Programs
import RedisClient

/// Asks a server whether the user may run each command that the work needs, without running any of them.
///
/// A command is checked when it is queued in a transaction, and the queue is given up: that works on every version, and
/// without the permission to ask for permissions. The keys are names that nothing uses.
/// Source: https://redis.io/docs/latest/develop/using-commands/transactions/
struct CommandPermissions {
    let session: Session

    /// One command with arguments that it takes, and where its key is.
    struct Probe: Sendable {
        var rule: String
        var words: [String]
    }

    /// A name of ours that is never used, and a name of the data that no application has.
    private static let ownKey = "outpost:migration:check:{check}"
    private static let dataKey = "tenant:{migrateredis-check}:check"

    /// What each key needs.
    static func probes(for names: KeyNames, database: Int) -> [(key: String, probes: [Probe])] {
        let own = names.prefix + ownKey
        let data = names.prefix + dataKey
        func plain(_ rule: String, _ more: String...) -> Probe {
            Probe(rule: rule, words: rule.split(separator: "|").map(String.init) + more)
        }
        func probe(_ rule: String, _ key: String, _ more: String...) -> Probe {
            Probe(rule: rule, words: rule.split(separator: "|").map(String.init) + [key] + more)
        }
        var ours = [
            plain("info"), plain("time"), plain("ping"), plain("scan", "0"), plain("command|info", "get"),
            plain("client|id"), plain("client|setname", "x"), plain("client|kill", "ID", "0"),
            probe("get", own), probe("getrange", own, "0", "0"), probe("exists", own), probe("set", own, "x"),
            probe("pttl", own), probe("pexpire", own, "1"),
            probe("unlink", own), probe("type", own), probe("hget", own, "x"), probe("hset", own, "x", "x"),
            probe("hmget", own, "x"), probe("hsetnx", own, "x", "x"), probe("hdel", own, "x"),
            probe("xadd", own, "*", "x", "x"), probe("xrevrange", own, "+", "-"),
            probe("publish", String(decoding: names.wake, as: UTF8.self), "check"), plain("wait", "0", "1"),
        ]
        if database != 0 { ours.append(plain("select", String(database))) }
        var theirs = [
            probe("type", data), probe("exists", data), probe("memory|usage", data), probe("pttl", data),
            probe("hgetall", data),
            probe("hget", data, "x"), probe("hmget", data, "x"), probe("hlen", data), probe("hscan", data, "0"),
            probe("hset", data, "x", "x"), probe("unlink", data),
            probe("pexpireat", data, "1"), probe("persist", data), probe("pexpiretime", data),
            probe("getrange", data, "0", "0"), probe("lrange", data, "0", "0"), probe("srandmember", data),
            probe("zrange", data, "0", "0"), probe("xrange", data, "-", "+"), probe("xinfo|stream", data),
        ]
        if names.isCluster {
            ours += [plain("cluster|slots"), plain("cluster|nodes")]
            theirs += [probe("dump", data), probe("restore", data, "0", "")]
        } else {
            theirs.append(probe("copy", data, data))
        }
        return [(own, ours), (data, theirs)]
    }

    /// The same commands for Outpost's locks: under their own names, since no pattern covers them with others.
    private static func lockProbes(for names: KeyNames) -> [(key: String, probes: [Probe])] {
        func probes(_ words: [String], at key: Bytes) -> (key: String, probes: [Probe]) {
            let key = String(decoding: key, as: UTF8.self)
            let arguments = ["getrange": ["0", "0"], "set": ["1"], "pexpire": ["1"]]
            return (key, words.map { Probe(rule: $0, words: [$0, key] + (arguments[$0] ?? [])) })
        }
        return names.outpostLocks.map { probes(["getrange", "pttl", "set", "pexpire", "unlink"], at: $0) }
            + names.awaitedLocks.map { probes(["getrange", "pttl", "unlink"], at: $0) }
    }

    /// What is missing, as the rule to add; or that nothing is.
    func findings() async -> [CheckFinding] {
        var missing: [String] = []
        var count = 0
        do {
            let all = Self.probes(for: session.names, database: session.keyspace.options.database)
            count = all.reduce(0) { $0 + $1.probes.count }
            for (key, probes) in all + Self.lockProbes(for: session.names) {
                for rule in try await refused(probes, at: key) where !missing.contains(rule) { missing.append(rule) }
            }
            // COPY may be replaced.
            if missing.contains("+copy") { missing = try await withoutCopy(missing) }
        } catch {
            return [.problem("permissions", "they could not be asked for: \(error)", nil, ExitStatus(error))]
        }
        guard !missing.isEmpty else { return [.ok("permissions", "\(count) commands may be run")] }
        return [
            .problem(
                "permissions",
                "Redis refuses \(missing.count) of \(count) commands",
                "add to the user's ACL: \(missing.joined(separator: " "))",
                .permission
            )
        ]
    }

    /// DUMP and RESTORE together do what COPY does.
    private func withoutCopy(_ missing: [String]) async throws -> [String] {
        let key = session.names.prefix + Self.dataKey
        let instead = [
            Probe(rule: "dump", words: ["dump", key]), Probe(rule: "restore", words: ["restore", key, "0", ""]),
        ]
        return try await refused(instead, at: key).isEmpty ? missing.filter { $0 != "+copy" } : missing
    }

    /// The rules that are missing for commands on one key.
    private func refused(_ probes: [Probe], at key: String) async throws -> [String] {
        let connection = try await session.keyspace.another(for: Bytes(key)) { $0.clientName += "-check" }
        let found: Result<[String], any Error>
        do {
            found = .success(try await refused(probes, at: key, on: connection))
        } catch {
            found = .failure(error)
        }
        await connection.close()
        return try found.get()
    }

    private func refused(
        _ probes: [Probe],
        at key: String,
        on connection: RedisConnection
    ) async throws -> [String] {
        // These are not taken in a transaction, and do no harm outside of one.
        let direct = [["watch", key], ["unwatch"], ["multi"], ["exec"]].map { Probe(rule: $0[0], words: $0) }
        var missing = rules(for: direct, try await connection.pipeline(commands(direct)), at: key)
        // Without MULTI what follows would run.
        guard !missing.contains("+multi") else { return missing }
        _ = try await connection.send("MULTI")
        let asked = probes + [Probe(rule: "discard", words: ["discard"])]
        for rule in rules(for: asked, try await connection.pipeline(commands(asked)), at: key)
        where !missing.contains(rule) {
            missing.append(rule)
        }
        return missing
    }

    private func commands(_ probes: [Probe]) -> CommandBuffer {
        var commands = CommandBuffer()
        for probe in probes { commands.append(words: probe.words) }
        return commands
    }

    private func rules(for probes: [Probe], _ replies: Replies, at key: String) -> [String] {
        var missing: [String] = []
        for (probe, reply) in zip(probes, replies) {
            guard let error = reply.error, error.serverCode == "NOPERM" else { continue }
            let rule = rule(for: probe, at: key, refusedWith: error.message)
            if !missing.contains(rule) { missing.append(rule) }
        }
        return missing
    }

    /// What the user lacks, by the server's words: the command, the channel or the key.
    private func rule(for probe: Probe, at key: String, refusedWith words: String) -> String {
        if words.contains("channel") { return "&\(KeyText.escaped(session.names.wake))" }
        guard words.contains(" key"), !words.contains("command") else { return "+\(probe.rule)" }
        if key.contains(".outpost:migration") { return "~\(key)" }
        let pattern = key.hasSuffix(Self.ownKey) ? "outpost:migration:*" : "tenant:*"
        return "~\(session.names.prefix)\(pattern)"
    }
}
