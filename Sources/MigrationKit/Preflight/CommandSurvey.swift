import RedisClient

/// Which commands a server lacks, or refuses to the user, of those that any phase or order needs: asked for before the first
/// write, so that no version is raised on a server on which the old keys could then not be removed.
///
/// A command is looked up and its permission checked when it is queued in a transaction, and the queue is given up: that
/// works on every version, runs nothing, and needs no permission to ask for permissions. That a command is not refused does not
/// say that it is there, so any error counts that does not pass by itself.
/// Source: https://redis.io/docs/latest/develop/using-commands/transactions/
public struct CommandSurvey: Sendable, Equatable {
    /// How many commands were asked for.
    public private(set) var count = 0
    /// What is not to be had.
    public private(set) var missing: [MissingCommand] = []

    /// What nothing goes without.
    public var needed: [MissingCommand] { missing.filter { $0.consequence == nil } }

    /// Asks, in two round trips on one server.
    ///
    /// Errors: those of the connection, and what the server says to every command, such as that it is loading.
    public static func run(_ names: KeyNames, hasReplicas: Bool, on keyspace: any Keyspace) async throws
        -> CommandSurvey
    {
        let groups = CommandProbe.groups(for: names, database: keyspace.options.database)
        var found: [MissingCommand] = []
        var survey = CommandSurvey()
        if keyspace.isCluster {
            for group in groups {
                let connection = try await keyspace.connection(for: group.key)
                found += try await ask(group.direct, group.queued, names, on: connection)
            }
        } else {
            let connection = try await keyspace.connection(for: names.lock)
            found = try await ask(groups.flatMap(\.direct), groups.flatMap(\.queued), names, on: connection)
        }
        var asked = groups.flatMap { $0.direct + $0.queued }
        if hasFieldExpiry(found) {
            let probes = CommandProbe.fieldExpiry(for: names)
            found += try await ask([], probes, names, on: keyspace.connection(for: probes[0].keys[0]))
            asked += probes
        } else {
            asked.removeAll { $0.need == .fieldExpiry }
        }
        survey.count = Set(asked.map(\.rule)).count
        survey.missing = judged(found, hasReplicas: hasReplicas)
        return survey
    }

    /// Throws unless everything is there that nothing goes without.
    ///
    /// Errors: `commandsMissing`, with all that is missing.
    public func require() throws {
        let needed = needed
        guard !needed.isEmpty else { return }
        let remedies = MissingCommand.remedies(needed).joined(separator: "; ")
        throw MigrationError(
            .commandsMissing,
            "Redis refuses or lacks what this or a later phase needs: \(remedies). Nothing was begun; `migrateredis check` "
                + "names all of it."
        )
    }

    // MARK: Asking

    private static func ask(
        _ direct: [CommandProbe],
        _ queued: [CommandProbe],
        _ names: KeyNames,
        on connection: RedisConnection
    ) async throws -> [MissingCommand] {
        // An empty transaction given up, and an empty one that is run.
        let frame = ["unwatch", "multi", "discard", "multi", "exec"].map { CommandProbe(rule: $0, words: [Bytes($0)]) }
        var commands = CommandBuffer()
        for probe in direct + frame { commands.append(arguments: probe.words) }
        let replies = try await connection.pipeline(commands)
        var found = try missing(among: direct + frame, replies, names)
        // Without MULTI what follows would run, and without either of the others its queue would stay.
        let lacking = Set(found.map(\.rule))
        guard !lacking.contains("+multi"), !lacking.isSuperset(of: ["+discard", "+exec"]) else { return found }
        var queue = CommandBuffer()
        queue.append("MULTI")
        for probe in queued { queue.append(arguments: probe.words) }
        queue.append("DISCARD")
        // Where DISCARD is refused the queue is marked by that, and EXEC gives it up.
        if lacking.contains("+discard") { queue.append("EXEC") }
        let answers = try await connection.pipeline(queue)
        _ = try answers[0].unlessError()
        found += try missing(among: queued, answers.dropFirst(), names)
        return found
    }

    private static func missing(
        among probes: [CommandProbe],
        _ replies: some Sequence<Reply>,
        _ names: KeyNames
    ) throws -> [MissingCommand] {
        var found: [MissingCommand] = []
        for (probe, reply) in zip(probes, replies) {
            guard let error = reply.error, let one = try MissingCommand(probe, error, names) else { continue }
            found.append(one)
        }
        return found
    }

    // MARK: Judging

    /// Whether fields of hashes can expire on the server.
    private static func hasFieldExpiry(_ found: [MissingCommand]) -> Bool {
        !found.contains { $0.rule == "+hpexpiretime" && $0.kind == .absent }
    }

    /// What follows from it all together.
    static func judged(_ found: [MissingCommand], hasReplicas: Bool) -> [MissingCommand] {
        let lacksCopy = found.contains { $0.need == .copying }
        let lacksOther = found.contains { $0.need == .copyingOtherwise }
        let lacksSizes = found.contains { $0.need == .sizes }
        let hasFieldExpiry = hasFieldExpiry(found)
        let lacksPattern = found.contains { $0.rule.hasPrefix("~") }
        var judged: [MissingCommand] = []
        for var one in found {
            switch one.need {
            case .always: break
            case .whereReplicasAre:
                if !hasReplicas { one.consequence = "no old key could be removed once there are replicas" }
            case .copying:
                if !lacksOther { one.consequence = "DUMP and RESTORE take its place, which costs more" }
            case .copyingOtherwise: continue
            case .sizes:
                one.consequence = "no plan tells what copies take, and sizes are guessed by the number of fields"
            case .slices:
                if !lacksSizes { one.consequence = "large hashes are read in one piece" }
            case .newer:
                if one.kind == .absent { continue }
            case .fieldExpiry:
                if !hasFieldExpiry { continue }
            case .convenience(let consequence): one.consequence = consequence
            }
            // Each pattern by itself comes first.
            if one.isCombination, lacksPattern || found.contains(where: { $0.rule == "+watch" }) { continue }
            if !lacksCopy, one.need == .copyingOtherwise { continue }
            if !judged.contains(where: { $0.rule == one.rule && $0.kind == one.kind }) { judged.append(one) }
        }
        return judged
    }
}
