import RedisClient
import TestSupport
import Testing

/// Another tool that copies everything and raises the version while we work, without asking for our lock.
@Suite("A version that was raised meanwhile")
struct RaisedMeanwhileTests {
    /// By what the other tool says that it is done.
    enum Sign: String, CaseIterable, Sendable {
        case record, version, both

        var commands: [String] {
            let record = "HSET outpost:migration:\(World.migration) status applied applied_at 2026-03-04T05:06:07Z"
            let version = "SET outpost:schema:version 1"
            switch self {
            case .record: return [record]
            case .version: return [version]
            case .both: return [version, record]
            }
        }
    }

    private struct Case: Sendable, CustomStringConvertible {
        var phase: String
        var point: World.Point
        var sign: Sign
        var deleted: Owner
        var changed: Owner

        var description: String {
            "\(sign) before \(point) of \(phase), then \(deleted.newName) deleted and \(changed.newName) changed"
        }
    }

    @Test("brings no deleted record back, and overwrites nothing", arguments: ["apply", "verify", "rollback"])
    func server(phase: String) async throws {
        let sample = Sample()
        try await withWorld(.server) { world in
            try await Estate.build(in: world)
            if phase != "apply" {
                let apply = try await world.phase("apply")
                #expect(apply.exitStatus == 0, "\(apply)")
            }
            let start = try await world.remember()
            let points = try await world.points(of: World.phaseArguments(phase))
            var all: [Case] = []
            for point in points {
                for sign in Sign.allCases {
                    for (index, deleted) in Estate.owners.enumerated() {
                        let changed = Estate.owners[(index + 4) % Estate.owners.count]
                        all.append(Case(phase: phase, point: point, sign: sign, deleted: deleted, changed: changed))
                    }
                }
            }
            let chosen = sample.choose(20, of: all) { "\($0.point.shape) \($0.sign)" }
            print("raised during \(phase): \(chosen.count) of \(all.count), SAFETY_SEED=\(sample.seed)")
            try await sample.forEach(chosen) { one in
                try await world.goBack(to: start)
                try await play(one, in: world)
            }
        }
    }

    private func play(_ one: Case, in world: World) async throws {
        let other = try PlainClient(world.servers[0])
        let counter = Counter()
        let hasRaised = Flag()
        world.schedule.rearm(hook: { _, words in
            guard Counted.kind(of: words) == one.point.counted, counter.increase() == one.point.number else { return }
            hasRaised.raise()
            for owner in Estate.owners { other.send("COPY \(owner.oldName) \(owner.newName)") }
            for command in one.sign.commands { other.send(command) }
            other.send("UNLINK \(one.deleted.newName)")
            other.send("HSET \(one.changed.newName) n changed")
        })
        let disturbed = try await world.run(World.phaseArguments(one.phase))
        world.schedule.rearm()
        // What a thread is ahead with differs from run to run, so the last moments of one may be missing in another.
        guard hasRaised.isRaised else { return }
        let end = try await world.run("converge")
        let said = "\(one)\n\(disturbed)\n\(end)"
        let hashes = try await world.hashes()
        #expect(hashes[one.deleted.newName] == nil, "came back: \(said)")
        #expect(hashes[one.changed.newName] == one.changed.fields(value: "changed"), "\(said)")
        for owner in Estate.owners where owner != one.deleted && owner != one.changed {
            #expect(hashes[owner.newName] == owner.fields(), "\(owner.newName): \(said)")
        }
        #expect(try await world.isRaised(), "\(said)")
    }

    @Test(
        "stops an apply at once, and in a cluster within a page",
        arguments: Sign.allCases.map { (World.Kind.server, $0) } + [(.cluster, .both)]
    )
    func stops(kind: World.Kind, sign: Sign) async throws {
        try await withWorld(kind) { world in
            // A cluster's ledger is made slowly where the rate is capped.
            try await world.write(Owner("first", .tenant).oldName, Owner("first", .tenant).fields())
            let first = try await world.phase("apply")
            #expect(first.exitStatus == 0, "\(first)")
            let owners = (0..<600).map { Owner("t\($0)", .tenant) }
            try await world.write(Dictionary(uniqueKeysWithValues: owners.map { ($0.oldName, $0.fields()) }))
            let apply = Task {
                try await world.run(
                    World.phaseArguments("apply"),
                    with: ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "150"]
                )
            }
            func copies() async throws -> Int { try await world.hashes().keys.count { $0.hasPrefix("tenant:{") } }
            try await eventually(timeout: .seconds(60), "some copies") { try await copies() > 100 }
            for command in sign.commands { try await world.send(command.split(separator: " ").map(String.init)) }
            let atRaise = try await copies()
            let result = try await apply.value
            #expect(result.exitStatus == 1, "\(result)")
            #expect(result.standardError.contains("another tool or a person works on this keyspace"), "\(result)")
            let atEnd = try await copies()
            #expect(atEnd <= atRaise + (kind == .server ? 0 : 150), "\(atRaise), then \(atEnd)")
            let converged = try await world.run("converge")
            #expect(converged.standardOutput.contains("need a decision"), "\(converged)")
            #expect(try await copies() <= atEnd, "\(converged)")
            #expect(converged.standardError.contains("reappeared"), "\(converged)")
        }
    }
}
