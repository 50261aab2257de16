import MigrationKit
import Migrations
import Reconciler
import TestSupport
import Testing
@testable import RedisClient
@testable import migrateredis

/// One state of the world, as `status` may find it; every time, host and id in it is written here.
struct StatusCase: Sendable, CustomTestStringConvertible {
    static let now = Timestamp(milliseconds: 1_767_366_245_678)
    static let server = ServerIdentity(runID: String(repeating: "1a", count: 20), replicationID: "replication")

    /// The name of its golden files.
    var name: String
    var desired = Desired(target: .latest)
    var deployment = ""
    var refusal: MigrationError?
    var version: Result<Int, MigrationError> = .success(0)
    var states: [String: Result<MigrationState, MigrationError>] = [:]
    var approvals: [String: Approval] = [:]
    var lock = LockReading.free
    var pause: Override?
    var pin: Result<Pin?, MigrationError> = .success(nil)
    /// Outpost's records; nil for those that our raises have written.
    var records: [String: Result<OutpostRecord, MigrationError>]?
    var mayEvict = false
    var save = ServerInfo.Save.continuous
    var error: RedisError?
    /// What `status --check` exits with.
    var check: Int32

    var testDescription: String { name }

    init(_ name: String, check: Int32, version: Int = 0, _ change: (inout StatusCase) -> Void = { _ in }) {
        self.name = name
        self.check = check
        self.version = .success(version)
        change(&self)
    }

    /// With each raise its record.
    private var ownRecords: [String: Result<OutpostRecord, MigrationError>] {
        let version = (try? version.get()) ?? 0
        let raised = Set(MigrationRegistry.outpost.migrations.prefix { $0.version <= version }.map(\.name))
        return states.filter { name, state in
            raised.contains(name) && (try? state.get().phase.isVerifiedOrLater) == true
        }.mapValues { _ in .success(OutpostRecord(.applied, at: "2026-01-02T15:00:00Z")) }
    }

    /// The record of Outpost's own migrator.
    static var foreignRecord: OutpostRecord {
        var record = OutpostRecord(.applied, at: "2026-01-02T15:00:00Z")
        record.isForeign = true
        return record
    }

    /// Puts a migration into a phase, as the programs leave it there.
    mutating func put(_ name: String, _ phase: Phase, _ change: (inout MigrationState) -> Void = { _ in }) {
        var state = MigrationState(migrationName: name, phase: phase, startedAt: Self.before(.seconds(90_000)))
        state.epoch = 3
        state.scope = Scope(kinds: ["destination": 800, "summary": 200, "tenant": 200])
        state.progress.totalItems = 1200
        if phase != .planned {
            state.progress.processedItems = 1200
            state.server = Self.server
        }
        if phase.isVerifiedOrLater {
            state.completedAt = Self.before(.seconds(86_460)).rfc3339
            state.verification = Verification(
                verifiedAt: Self.before(.seconds(86_460)),
                comparedPairs: 1200,
                removable: name == "001_hash_tags" ? 1200 : 0,
                server: Self.server
            )
            state.followedAt = Self.before(.seconds(60))
        }
        change(&state)
        states[name] = .success(state)
    }

    static func before(_ time: Duration) -> Timestamp {
        Timestamp(milliseconds: now.milliseconds - time.components.seconds * 1000)
    }

    /// A lock of another host's daemon.
    static let daemonsLock = LockReading.ours(
        LockRecord(
            identity: HolderIdentity(
                token: "token",
                host: "db2",
                instance: "blue",
                processID: 4711,
                bootID: "boot",
                processNamespace: "pid:[1]",
                version: "0.1.0"
            ),
            times: LockTimes(),
            migration: "001_hash_tags",
            at: before(.seconds(30))
        ),
        bytes: Bytes("{}"),
        timeToLive: .seconds(3595)
    )

    /// The document of this state.
    func document() throws -> StatusDocument {
        let address = "redis.example:6379 database 0"
        let names = KeyNames(deploymentID: deployment)
        if let error {
            return StatusDocument(
                failedLook: error,
                desired: desired,
                targetFrom: .configuration,
                registry: .outpost,
                address: address
            )
        }
        let snapshot = SchemaSnapshot(
            refusal: refusal,
            version: version,
            states: states,
            approvals: approvals,
            records: records ?? ownRecords,
            lock: lock,
            pause: pause,
            pin: pin,
            server: try info(),
            time: Self.now
        )
        return StatusDocument(
            snapshot,
            desired: desired,
            targetFrom: desired.target == .latest ? .newest : .configuration,
            registry: .outpost,
            names: names,
            address: address
        )
    }

    /// What a server like this one says of itself.
    private func info() throws -> ServerInfo {
        var text = """
            redis_version:7.0.15\r\nrun_id:\(Self.server.runID)\r\nrole:master\r\n\
            master_replid:\(Self.server.replicationID)\r\ncluster_enabled:0\r\nrdb_last_bgsave_status:ok\r\n
            """
        text += mayEvict ? "maxmemory:1000000\r\nmaxmemory_policy:allkeys-lru\r\n" : "maxmemory:0\r\n"
        switch save {
        case .continuous: text += "aof_enabled:1\r\naof_last_write_status:ok\r\n"
        case .unknown: break
        case .never: text += "rdb_saves:0\r\nrdb_last_save_time:1\r\n"
        case .at(let time): text += "rdb_saves:1\r\nrdb_last_save_time:\(time.milliseconds / 1000)\r\n"
        }
        let parser = try ReplyParser(limits: ReplyLimits())
        try Bytes("$\(text.utf8.count)\r\n\(text)\r\n").withUnsafeBytes(parser.feed)
        return try ServerInfo(replies: parser.take())
    }
}
