import RedisClient
import Synchronization
import TestSupport
import Testing

/// Old names that old instances delete late: while verify works, or after the raise.
@Suite("Records that old instances delete")
struct DeletedByOldInstanceTests {
    /// What comes after the raise.
    enum Next: String, CaseIterable, Sendable { case apply, cleanup, converge, daemon }

    private static let tenants = 30
    private static var owners: [Owner] {
        (0..<tenants).flatMap { [Owner("t\($0)", .tenant), Owner("t\($0)", .destination("d\($0)"))] }
    }

    private static func doomed(_ count: Int) -> [Owner] { Array(owners.filter { $0.kind != .tenant }.prefix(count)) }

    @Test("while verify works, in its last moment, are gone for good", arguments: Next.allCases, World.Kind.allCases)
    func inVerify(next: Next, kind: World.Kind) async throws {
        try await withWorld(kind) { world in
            let doomed = Self.doomed(5)
            try await apply(in: world)
            try await verify(in: world) { doomed }
            // One of them is a new application's by now.
            try await world.send("HSET", doomed[4].newName, "n", "by a new instance")
            try await follow(next, in: world)
            let hashes = try await world.hashes()
            let left = doomed.dropLast().flatMap { [$0.oldName, $0.newName] }.filter { hashes[$0] != nil }
            #expect(left.isEmpty, "These live on.")
            #expect(try await world.hash(doomed[4].newName)["n"] == "by a new instance")
            try await requireOthers(than: doomed, in: world)
        }
    }

    @Test("in a number that deletes do not explain are kept, counted and named")
    func many() async throws {
        try await withWorld(.server) { world in
            let doomed = Self.doomed(14)
            try await apply(in: world)
            try await verify(in: world) { doomed }
            let follow = try await world.phase("apply")
            try await requireTold(doomed, by: [follow], in: world)
            let cleanup = try await world.phase("cleanup")
            try await requireTold(doomed, by: [cleanup], in: world)
            try await requireOthers(than: [], in: world)
        }
    }

    @Test("after the first catch-up are counted and named by the cleanup, the status and its document")
    func late() async throws {
        try await withWorld(.server) { world in
            let doomed = Self.doomed(3)
            try await apply(in: world)
            try await verify(in: world) { [] }
            _ = try await world.phase("apply")
            for owner in doomed { try await world.send("UNLINK", owner.oldName) }
            _ = try await world.phase("apply")
            try await requireTold(doomed, by: [], in: world)
            let cleanup = try await world.phase("cleanup")
            try await requireTold(doomed, by: [cleanup], isDone: cleanup.exitStatus == 0, in: world)
            try await requireOthers(than: [], in: world)
        }
    }

    @Test("before a restart of the server that may have lost them are kept, counted and named")
    func otherServer() async throws {
        try await withWorld(.server, arguments: ["--appendonly", "yes", "--appendfsync", "always"]) { world in
            let doomed = Self.doomed(3)
            try await apply(in: world)
            try await verify(in: world) { doomed }
            try await world.servers[0].restart()
            try await withFreshConnections(to: world) { world in
                let cleanup = try await world.phase("cleanup")
                try await requireTold(doomed, by: [cleanup], isDone: cleanup.exitStatus == 0, in: world)
                try await requireOthers(than: [], in: world)
            }
        }
    }

    // MARK: The course of things

    private func apply(in world: World) async throws {
        try await world.write(Dictionary(uniqueKeysWithValues: Self.owners.map { ($0.oldName, $0.fields()) }))
        let result = try await world.phase("apply")
        #expect(result.exitStatus == 0, "\(result)")
    }

    /// Verifies, and has an old instance delete records just before the version is raised.
    private func verify(in world: World, deleting doomed: () -> [Owner]) async throws {
        let clients = try world.servers.map { try PlainClient($0) }
        let names = doomed().map(\.oldName)
        let hasDeleted = Mutex(false)
        world.schedule.rearm(hook: { _, words in
            guard words.count > 1, words[0] == Bytes("SET"), words[1] == Bytes("outpost:schema:version") else { return }
            let isFirst = hasDeleted.withLock { hasDeleted in
                defer { hasDeleted = true }
                return !hasDeleted
            }
            guard isFirst else { return }
            // In a cluster only one of them has the key, and the others say so.
            for name in names { for client in clients { client.send([Bytes("UNLINK"), Bytes(name)]) } }
        })
        let result = try await world.phase("verify")
        world.schedule.rearm()
        #expect(result.exitStatus == 0, "\(result)")
        #expect(hasDeleted.withLock { $0 })
        for name in names { #expect(try await !world.exists(name)) }
    }

    private func follow(_ next: Next, in world: World) async throws {
        switch next {
        case .apply: _ = try await world.phase("apply")
        case .cleanup: _ = try await world.phase("cleanup")
        case .converge: _ = try await world.run("converge")
        case .daemon:
            let daemon = try await world.start("migrateredisd")
            try await eventually(timeout: .seconds(60), "the cleanup") {
                let state = try await world.text("outpost:migration:\(World.migration):state") ?? ""
                return state.contains(#""phase":"cleaned""#) || state.contains(#""phase":"cleaning""#)
            }
            await daemon.stop()
        }
    }

    /// What is told: the number and the keys; by the programs that ran, and as long as the ledger is there by the status.
    private func requireTold(
        _ doomed: [Owner],
        by results: [ProcessResult],
        isDone: Bool = false,
        in world: World
    ) async throws {
        var told = results.map { (text: $0.standardOutput + $0.standardError, isList: false) }
        let status = try await world.run("status")
        told.append((status.standardOutput, false))
        told.append((try await world.run("status", "--output", "json").standardOutput, false))
        if !isDone {
            told.append((try await world.run("status", "--held", World.migration).standardOutput, true))
            let list = try await world.run("status", "--held", World.migration, "--output", "json")
            told.append((list.standardOutput, true))
        }
        for (text, isList) in told {
            let named = doomed.filter { text.contains($0.oldName) || text.contains($0.newName) }
            #expect(isList ? named.count == doomed.count : !named.isEmpty, "\(named.count) are named in:\n\(text)")
            let numbers = text.split { !$0.isNumber }
            #expect(isList || numbers.contains { $0 == "\(doomed.count)" }, "not counted in:\n\(text)")
        }
    }

    private func requireOthers(than doomed: [Owner], in world: World) async throws {
        let hashes = try await world.hashes()
        for owner in Self.owners where !doomed.contains(owner) {
            #expect(hashes[owner.newName] == owner.fields(), "\(owner.newName) is \(hashes[owner.newName] ?? [:])")
        }
    }
}
