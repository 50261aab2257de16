import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("While applications write")
struct WriterTests {
    private static let writers = 3

    @Test("No acknowledged write is lost: old names until the raise, new names until after cleanup")
    func noWriteIsLost() async throws {
        try await withStage(Keyspace(tenants: 20)) { try await noWriteIsLost($0) }
    }

    @Test("the same in a cluster, where the two names of a record are on two nodes")
    func noWriteIsLostInACluster() async throws {
        try await withClusterStage(Keyspace(tenants: 20)) { try await noWriteIsLost($0) }
    }

    private func noWriteIsLost(_ stage: some WriterStage) async throws {
        var names = stage.keyspace.newNames
        for writer in 0..<Self.writers {
            for number in 0..<2 {
                names["tenant:new-\(writer)-\(number)"] = "tenant:{new-\(writer)-\(number)}:tenant"
            }
        }
        // Old instances of the application, from before the plan until after the raise.
        let old = try await start(models: models(of: stage), stage) { writer in
            (0..<2).map { "tenant:new-\(writer)-\($0)" }
        }
        let daemon = try await stage.startDaemon([
            "MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "150",
            "MIGRATEREDIS_CLEANUP_APPROVAL": "required",
            "MIGRATEREDIS_RECONCILE_FOLLOW": "1s",
        ])
        try await daemon.waitForLine("schema version raised", timeout: .seconds(60))
        let afterRaise = try await old.end()
        #expect(afterRaise.reduce(0) { $0 + $1.count } > 4 * Self.writers, "the writers have made new records")

        // They are gone. What they wrote last, a catch-up finds that begins after that.
        try await waitForCatchUp(stage)
        try await waitForCatchUp(stage)
        let moved = afterRaise.map { model in
            Dictionary(uniqueKeysWithValues: model.map { (names[$0] ?? $0, $1) })
        }
        #expect(difference(try await stage.data(), moved) == nil, "after catch-up")

        // New instances, from before the cleanup until after it.
        let new = try await start(models: moved, stage, usesOldNames: false) { writer in
            (0..<3).map { "tenant:{native-\(writer)-\($0)}:tenant" }
        }
        let approve = try await stage.approveCleanup()
        #expect(approve.exitStatus == 0, "\(approve)")
        try await daemon.waitUntilConverged(timeout: .seconds(60))
        let last = try await new.end()
        #expect(await daemon.stop() == .exited(0))

        let after = try await stage.data()
        #expect(difference(after, last) == nil, "after cleanup")
        #expect(try await stage.state()?["phase"] as? String == "cleaned")
        // What nobody wrote to is as the oracle has it, and no old name is left.
        var expected = stage.keyspace.expected(after: stage.before)
        for (name, record) in last.joined() { expected.records[name] = record?.asSnapshot }
        #expect(after.difference(from: expected) == nil)
        expectNone(try await stage.faultOfOneMoreRun())
    }

    /// The writers at work.
    private struct Crew {
        var bell: Writer.Bell
        var tasks: [Task<Writer.Model, any Error>]

        /// Ends them, and gives what each must find again.
        func end() async throws -> [Writer.Model] {
            bell.ring()
            var models: [Writer.Model] = []
            for task in tasks { models.append(try await task.value) }
            return models
        }
    }

    /// One writer a model, each on a connection of its own.
    private func start(
        models: [Writer.Model],
        _ stage: some WriterStage,
        usesOldNames: Bool = true,
        creations: (Int) -> [String]
    ) async throws -> Crew {
        let bell = Writer.Bell()
        var tasks: [Task<Writer.Model, any Error>] = []
        for (number, model) in models.enumerated() {
            let writer = Writer(
                keyspace: try await stage.openKeyspace(),
                usesOldNames: usesOldNames,
                creations: creations(number)
            )
            tasks.append(
                Task {
                    var writer = writer
                    return try await writer.write(model, until: bell)
                }
            )
        }
        return Crew(bell: bell, tasks: tasks)
    }

    /// Each writer has the records of one tenant; few enough that verify calls their changes few.
    private func models(of stage: some WriterStage) -> [Writer.Model] {
        (0..<Self.writers).map { number in
            let tenant = "tenant:t\(3 * number)"
            var model: Writer.Model = [:]
            for name in [tenant, "\(tenant):destinations", "\(tenant):destination:d1", "\(tenant):destination:d3"] {
                guard let record = stage.before.records[name] else { continue }
                let pairs = record.content.map { field in
                    let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
                    return (parts[0], parts.count > 1 ? parts[1] : "")
                }
                model[name] = Writer.Record(fields: Dictionary(uniqueKeysWithValues: pairs), expiry: record.expiry)
            }
            return model
        }
    }

    /// Waits until a catch-up has ended after now.
    private func waitForCatchUp(_ stage: some WriterStage) async throws {
        let now = Int64(Date.now.timeIntervalSince1970)
        try await eventually(timeout: .seconds(45), "a catch-up") {
            let followed = try await stage.state()?["followed_at_ms"] as? Int64
            return (followed ?? 0) / 1000 > now
        }
    }

    private func difference(_ snapshot: Snapshot, _ models: [Writer.Model]) -> String? {
        var lines: [String] = []
        for (name, record) in models.joined() where snapshot.records[name] != record?.asSnapshot {
            lines.append(
                "\(name): \(String(describing: snapshot.records[name])), and was \(String(describing: record))"
            )
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }
}

/// Where writers and a daemon meet: one server, or a cluster.
private protocol WriterStage: Sendable {
    var keyspace: Keyspace { get }
    var before: Snapshot { get }

    func openKeyspace() async throws -> any RedisClient.Keyspace
    func startDaemon(_ variables: [String: String]) async throws -> RunningProcess
    func approveCleanup() async throws -> ProcessResult
    func data() async throws -> Snapshot
    func text(_ key: String) async throws -> String?
    func faultOfOneMoreRun() async throws -> String?
}

extension WriterStage {
    func state() async throws -> [String: Any]? {
        guard let text = try await text("outpost:migration:001_hash_tags:state") else { return nil }
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    }
}

extension Stage: WriterStage {
    func openKeyspace() async throws -> any RedisClient.Keyspace { try await connect() }
    func startDaemon(_ variables: [String: String]) async throws -> RunningProcess { try await daemon(variables) }
    func approveCleanup() async throws -> ProcessResult { try await run("approve", "001_hash_tags", "cleanup") }
    func data() async throws -> Snapshot { try await snapshot() }
}

extension ClusterStage: WriterStage {
    func openKeyspace() async throws -> any RedisClient.Keyspace { try await cluster.connect() }
    func startDaemon(_ variables: [String: String]) async throws -> RunningProcess { try await daemon(variables) }
    func approveCleanup() async throws -> ProcessResult { try await run("approve", "001_hash_tags", "cleanup") }
    func data() async throws -> Snapshot { try await Self.snapshot(of: cluster) }
}
