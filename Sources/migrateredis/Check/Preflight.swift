import MigrationKit
import Programs
import Reconciler
import RedisClient

/// Looks at a server, one thing after the other; what cannot be looked at is a finding too.
struct Preflight {
    let session: Session

    /// All findings, in order.
    func run() async -> [CheckFinding] {
        var findings = [connection()]
        findings += await commands()
        do {
            let snapshot = try await session.snapshot()
            findings += [target(snapshot)] + server(snapshot.server) + [eviction(snapshot.server)]
            findings += [save(snapshot), replicas(snapshot.server), clock(snapshot.time)]
            if let doubt = try await session.placeDoubt(snapshot) {
                findings.append(
                    .warning(
                        "database",
                        doubt,
                        "name the database and the deployment of the applications, or go on with --force"
                    )
                )
            }
            findings += bookkeeping(snapshot) + otherTools(snapshot)
            if session.keyspace.isCluster { findings.append(await cluster()) }
            findings.append(await messages())
            if let memory = await memory(snapshot) { findings.append(memory) }
        } catch {
            let hint = Hint.text(for: error, settings: session.wiring.loaded)
            findings.append(.problem("server", "\(error)", hint, ExitStatus(error)))
        }
        return findings
    }

    private func connection() -> CheckFinding {
        let options = session.keyspace.options
        guard case .tcp(let host, _) = options.endpoint, options.tls == nil else {
            guard options.tls?.verifies ?? true else {
                return .warning(
                    "connection",
                    "\(options)",
                    "set redis.tls.verify to true: nobody else can then answer for it"
                )
            }
            return .ok("connection", "\(options)")
        }
        if ["localhost", "127.0.0.1", "::1"].contains(host) { return .ok("connection", "\(options), not encrypted") }
        return .warning(
            "connection",
            "\(options), not encrypted: the password and the data can be read on the way",
            "set redis.tls.enabled, or use a network that nobody else is on"
        )
    }

    /// What is missing of the commands that any phase needs, and of those that it can do without.
    private func commands() async -> [CheckFinding] {
        let survey: CommandSurvey
        do {
            let info = try await ServerInfo.read(from: session.keyspace)
            // It refuses writes, whoever asks; what stands below says so.
            guard info.isMaster else { return [] }
            let replicas = info.connectedReplicas
            survey = try await CommandSurvey.run(
                session.names,
                hasReplicas: replicas.map { $0 > 0 } ?? true,
                on: session.keyspace
            )
        } catch {
            return [.problem("permissions", "they could not be asked for: \(error)", nil, ExitStatus(error))]
        }
        let needed = survey.needed
        let others = survey.missing.filter { $0.consequence != nil }
        var findings: [CheckFinding] = []
        if needed.isEmpty {
            findings.append(.ok("permissions", "\(survey.count - others.count) commands are there and may be run"))
        } else {
            let refused = needed.count { $0.kind == .refused }
            let parts = [
                refused > 0 ? "refuses \(refused)" : nil,
                needed.count > refused ? "lacks \(needed.count - refused)" : nil,
            ]
            findings.append(
                .problem(
                    "permissions",
                    "Redis \(parts.compactMap(\.self).joined(separator: " and ")) of what the work needs",
                    MissingCommand.remedies(needed).joined(separator: "; "),
                    .permission
                )
            )
        }
        for one in others {
            findings.append(
                .warning(
                    "permissions",
                    "\(one.command) cannot be run: \(one.consequence ?? "")",
                    MissingCommand.remedies([one]).joined(separator: "; ")
                )
            )
        }
        return findings
    }

    private func server(_ server: ServerInfo) -> [CheckFinding] {
        guard server.isMaster else {
            return [
                .problem(
                    "server",
                    "version \(server.version), a replica of \(server.master ?? "another server")",
                    "name the master's address",
                    .unavailable
                )
            ]
        }
        guard !server.untold.contains("redis_version") else {
            return [
                .warning("server", "a master that does not tell its version", "make sure that it is Redis 6.2 or newer")
            ]
        }
        let numbers = server.version.split(separator: ".").map { Bounded(decimal: $0)?.value ?? 0 }
        guard !numbers.lexicographicallyPrecedes([6, 2]) else {
            return [.problem("server", "version \(server.version)", "upgrade to Redis 6.2 or newer, best 7.0")]
        }
        guard !numbers.lexicographicallyPrecedes([7, 0]) else {
            return [
                .warning(
                    "server",
                    "version \(server.version): expiries are told to within 2 ms only",
                    "upgrade to Redis 7.0 or newer, which tells them exactly"
                )
            ]
        }
        return [.ok("server", "version \(server.version), a master")]
    }

    private func eviction(_ server: ServerInfo) -> CheckFinding {
        guard server.mayEvict else {
            let untold = ["maxmemory", "maxmemory_policy"].filter(server.untold.contains)
            let isLimited = server.untold.contains("maxmemory") || server.maxMemory > 0
            if isLimited, let policy = server.evictionPolicy, policy == "noeviction" {
                return .ok(
                    "eviction",
                    "\(server.maxMemory > 0 ? "maxmemory \(Wording.bytes(server.maxMemory)), " : "")\(policy)"
                )
            }
            guard untold.isEmpty || !isLimited else {
                return .warning(
                    "eviction",
                    "unknown: INFO has no \(untold.joined(separator: " and no ")), so the server may drop the lock and live data",
                    "make sure that its policy is noeviction, or that its memory has no limit"
                )
            }
            return .ok("eviction", "no maxmemory, \(server.evictionPolicy ?? "so that no policy counts")")
        }
        let message =
            "maxmemory is set and the policy is \(server.evictionPolicy ?? "not told"): the lock and live data may be dropped"
        let remedy = "set maxmemory-policy noeviction"
        guard session.wiring.loaded.settings.redis.allowEviction else {
            return .problem("eviction", message, "\(remedy), or redis.allow-eviction if that is meant")
        }
        return .warning("eviction", "\(message); redis.allow-eviction says that this is meant", remedy)
    }

    private func save(_ snapshot: SchemaSnapshot) -> CheckFinding {
        let limit = session.wiring.loaded.settings.cleanup.requireSaveWithin
        switch snapshot.server.save {
        case .continuous: return .ok("persistence", "every write goes to the append-only file")
        case .unknown:
            return .warning(
                "persistence",
                "unknown: INFO does not tell when the data was saved",
                limit > .zero
                    ? "look at the service's backups; cleanup waits while cleanup.require-save-within is above 0"
                    : "look at the service's backups"
            )
        case .never:
            let remedy = limit > .zero ? "BGSAVE: cleanup waits for a save" : "BGSAVE, and set save or appendonly"
            return .warning("persistence", "nothing was saved since the server started", remedy)
        case .at(let time):
            let age = time.duration(to: snapshot.time)
            let message = "the last snapshot is \(Wording.duration(age)) old"
            guard limit == .zero || age <= limit else {
                return .warning(
                    "persistence",
                    message,
                    "BGSAVE: cleanup waits for one of the last \(Wording.duration(limit))"
                )
            }
            return age > .seconds(86400)
                ? .warning("persistence", message, "BGSAVE, and look why it is not saved more often")
                : .ok("persistence", message)
        }
    }

    private func replicas(_ server: ServerInfo) -> CheckFinding {
        guard let count = server.connectedReplicas else {
            return .warning("replicas", "the server tells no number of them", "look at INFO replication: cleanup waits")
        }
        return .ok(
            "replicas",
            count == 0 ? "none is connected" : "\(count) connected; they must have all before cleanup"
        )
    }

    private func clock(_ time: Timestamp) -> CheckFinding {
        let apart = time.duration(to: .now)
        let size = max(apart, .zero - apart)
        guard size > .seconds(5) else { return .ok("clock", "clocks agree (offset \(Wording.duration(size)))") }
        return .warning(
            "clock",
            "the server's clock is \(Wording.duration(size)) \(apart > .zero ? "behind" : "ahead of") this host's",
            "set the clocks by NTP; soak and expiry go by the server's, times in states by each host's"
        )
    }

    private func bookkeeping(_ snapshot: SchemaSnapshot) -> [CheckFinding] {
        var errors = [snapshot.refusal].compactMap(\.self)
        if case .failure(let error) = snapshot.version { errors.append(error) }
        if case .failure(let error) = snapshot.pin { errors.append(error) }
        for migration in session.registry.migrations {
            if case .failure(let error)? = snapshot.states[migration.name] { errors.append(error) }
        }
        var findings = errors.map { CheckFinding.problem("bookkeeping", $0.message, nil) }
        if errors.isEmpty { findings.append(.ok("bookkeeping", "version and states can be read")) }
        if let pause = snapshot.pause {
            findings.append(.warning("pause", "all work was paused by \(pause.text)", "migrateredis resume"))
        }
        guard let holder = snapshot.locks.holder else { return findings + [.ok("lock", "free")] }
        return findings + [.warning("lock", "held by \(holder.words)", "wait, or see `migrateredis unlock`")]
    }

    /// What Outpost's own migrators and the original tool have left, and what follows from that.
    private func otherTools(_ snapshot: SchemaSnapshot) -> [CheckFinding] {
        var findings: [CheckFinding] = []
        do {
            let found = try Bookkeeping(snapshot, registry: session.registry, names: session.names).read()
            if found.raisedByOutpost > found.version {
                findings.append(
                    .warning(
                        "outpost",
                        "its own migrators have raised the keyspace to version \(found.raisedByOutpost), by their records; "
                            + "the stored version is \(found.version)",
                        "nothing: the next pass or apply adopts the version; an old key without a new one is then reported as "
                            + "reappeared and not copied"
                    )
                )
            }
        } catch  where error.cause == .foreignRecord {
            findings.append(.problem("outpost", error.message, nil))
        } catch {
            // The other refusals are findings of their own.
        }
        for migration in session.registry.migrations {
            guard let state = try? snapshot.states[migration.name]?.get(), state.hasForeignCopies,
                state.trustedPhase != .cleaned
            else { continue }
            findings.append(
                .warning(
                    "outpost",
                    "another tool says that it has brought \(migration.name) to \(state.phase.rawValue)",
                    "nothing: its copies are compared; an old key without a new one is reported as reappeared and not copied"
                )
            )
        }
        return findings
    }

    private func cluster() async -> CheckFinding {
        do {
            let masters = try await session.keyspace.masters()
            let covered = masters.reduce(0) { $0 + $1.slots.count }
            guard covered == Slot.count else {
                return .problem(
                    "cluster",
                    "\(covered) of \(Slot.count) slots have a master",
                    "mend the cluster: redis-cli --cluster check"
                )
            }
            for master in masters {
                let view = try ClusterView(try await master.connection.send("CLUSTER", "NODES"))
                guard view.moving.isEmpty else {
                    return .warning(
                        "cluster",
                        "slots are on their way (\(master.connection.options.endpoint))",
                        "end the resharding, or redis-cli --cluster fix: no walk is complete meanwhile"
                    )
                }
            }
            return .ok("cluster", "\(masters.count) masters, all slots covered, none on its way")
        } catch {
            return .problem("cluster", "\(error)", nil, ExitStatus(error))
        }
    }

    private func messages() async -> CheckFinding {
        do {
            try await Subscription.open(session.names.wake, on: session.keyspace).end()
            return .ok("messages", "pub/sub works: orders arrive at once")
        } catch {
            return .warning(
                "messages",
                "orders are seen only at the next look: \(error)",
                "give the user +subscribe &\(KeyText.escaped(session.names.wake))"
            )
        }
    }

    /// The room that the next migration's copies need; nil where none copies.
    private func memory(_ snapshot: SchemaSnapshot) async -> CheckFinding? {
        let desired = session.wiring.desired(target: session.target)
        guard let version = try? snapshot.version.get(),
            version < desired.target.resolved(latest: session.registry.latest),
            let migration = session.registry.migration(raisingTo: version + 1)
        else { return nil }
        do {
            let plan = try await session.runner("planning").plan(migration)
            let needed = plan.report.bytesNeeded
            let server = snapshot.server
            guard plan.sizesAreKnown else {
                return .warning(
                    "memory",
                    "unknown: what the copies of \(migration.name) take is not told without MEMORY USAGE",
                    "leave room for a copy of every old key"
                )
            }
            let message = "the copies of \(migration.name) take about \(Wording.bytes(needed))"
            guard !server.untold.contains("maxmemory"), !server.untold.contains("used_memory") else {
                return .warning(
                    "memory",
                    "unknown: INFO does not tell the limit and the use; \(message)",
                    "make sure that so much is free"
                )
            }
            guard server.maxMemory > 0 else {
                return .ok("memory", "\(message); \(Wording.bytes(server.usedMemory)) are in use, without a limit")
            }
            let free = max(0, server.maxMemory - server.usedMemory)
            return needed <= free
                ? .ok("memory", "\(message); \(Wording.bytes(free)) of maxmemory are free")
                : .problem(
                    "memory",
                    "\(message), and \(Wording.bytes(free)) of maxmemory are free",
                    "raise maxmemory first"
                )
        } catch {
            return .problem("memory", "the plan of \(migration.name) failed: \(error)", nil, ExitStatus(error))
        }
    }
}
