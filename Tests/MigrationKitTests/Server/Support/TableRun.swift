import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// Brings a pair into a situation, runs one column over it, and tells what is left.
struct TableRun: Sendable {
    /// The migration that moves the pair.
    var migration: any KeyMoveMigration
    /// What a pair is, for the migration.
    var type = ValueType.hash
    var bench: Bench
    var lease: Lease
    var features: ServerFeatures

    /// What a column made of a situation.
    struct Outcome: Sendable {
        /// The four words that `Situation` explains.
        var text: String
        var report: WalkReport
        var isUnchangedBySecondRun: Bool
    }

    /// Both sides and the entry, as they are stored.
    private struct View: Sendable, Equatable {
        var source: Side?
        var destination: Side?
        var destinationType: String
        var entry: LedgerEntry?
    }

    private var isRaisedElsewhere = false

    init(migration: any KeyMoveMigration, type: ValueType = .hash, bench: Bench, lease: Lease, features: ServerFeatures)
    {
        self.migration = migration
        self.type = type
        self.bench = bench
        self.lease = lease
        self.features = features
    }

    /// Runs one column.
    func run(_ column: Column, over situation: Situation) async throws -> Outcome {
        var table = self
        table.isRaisedElsewhere = situation.wasRaisedElsewhere
        return try await table.runOne(column, over: situation)
    }

    private func runOne(_ column: Column, over situation: Situation) async throws -> Outcome {
        var state = MigrationState(migrationName: migration.name, phase: .applying, startedAt: .now)
        let identity = try await ServerInfo.read(from: bench.connection).identity
        for command in situation.before { try await bench.send(command) }
        state = try await migration.apply(plan, in: context(state, .apply))
        #expect(state.server == identity)
        for command in situation.after { try await bench.send(command) }
        if situation.isMarkedForRemoval { try await markForRemoval(situation) }
        state.phase = column == .apply ? .applying : [.verify, .rollback].contains(column) ? .applied : .verified
        state.deletesAreUnseen = situation.deletesAreUnseen
        state.verification = Verification(
            verifiedAt: Timestamp(milliseconds: 0),
            comparedPairs: 1,
            removable: 1,
            server: identity
        )

        let before = try await view(of: situation)
        let report = try await walk(column, state)
        let after = try await view(of: situation)
        var isUnchanged = true
        // A second cleanup or rollback has no ledger any more.
        if column != .cleanup, column != .rollback {
            let again = try await walk(column, state)
            let same = try await view(of: situation)
            isUnchanged = again.written == 0 && same == after
        }
        return Outcome(
            text: text(before: before, after: after, report),
            report: report,
            isUnchangedBySecondRun: isUnchanged
        )
    }

    private var plan: Plan {
        Plan(
            migration: migration.name,
            report: WalkReport(),
            scope: Scope(kinds: ["tenant": 1]),
            ledger: LedgerShape(buckets: 1)
        )
    }

    private func context(_ state: MigrationState, _ column: Column) -> MigrationContext {
        var context = MigrationContext(
            names: bench.names,
            keyspace: bench.connection,
            lease: lease,
            state: state,
            isRaised: ![.apply, .verify, .rollback].contains(column),
            limits: Limits()
        )
        context.features = features
        return context
    }

    private func walk(_ column: Column, _ state: MigrationState) async throws -> WalkReport {
        var context = context(state, column)
        context.carriesDeletes = column == .firstCatchUp
        context.wasRaisedElsewhere = isRaisedElsewhere
        switch column {
        case .apply, .catchUp, .firstCatchUp:
            return try #require(try await migration.apply(plan, in: context).report)
        case .verify, .verifyAgain:
            return try await migration.verify(state, in: context).report
        case .cleanup:
            return try await migration.cleanup(state, in: context).report
        case .rollback:
            return try await migration.rollback(state, in: context)
        }
    }

    private func view(of situation: Situation) async throws -> View {
        let key = bench.names.ledger(of: migration.name, bucket: 0)
        let entry = try await bench.connection.send("HGET", key, try field(of: situation)).bytes
        return View(
            source: try await bench.side(of: Bytes(situation.source), type),
            destination: try await bench.side(of: Bytes(situation.destination), type),
            destinationType: try await bench.connection.send("TYPE", Bytes(situation.destination)).text ?? "",
            entry: entry.flatMap { LedgerEntry($0) }
        )
    }

    /// Whether two sides are equal, as far as the server tells.
    private func same(_ one: Side?, _ other: Side?) -> Bool {
        guard let one, let other else { return one == other }
        return one == other || one.matches(other, within: features.hasExpiryTime ? 0 : 2)
    }

    private func field(of situation: Situation) throws -> Bytes {
        var field: Bytes = []
        field.append(littleEndian: try Digester().nameDigest(Bytes(situation.destination)))
        return field
    }

    private func markForRemoval(_ situation: Situation) async throws {
        let key = bench.names.ledger(of: migration.name, bucket: 0)
        let field = try field(of: situation)
        var entry = try #require(try await bench.connection.send("HGET", key, field).bytes.flatMap { LedgerEntry($0) })
        entry.isRemoving = true
        _ = try await bench.connection.send("HSET", key, field, entry.bytes)
    }

    private func text(before: View, after: View, _ report: WalkReport) -> String {
        var words: [String] = []
        words.append(after.source == nil ? "-" : after.source == before.source ? "S" : "S!")
        switch after.destination {
        case nil: words.append("-")
        case before.destination where after.destinationType == before.destinationType: words.append("D")
        case let side where same(side, after.source): words.append("S")
        default: words.append("D!")
        }
        switch after.entry {
        case nil: words.append("-")
        case before.entry: words.append("L")
        case let entry? where same(entry.source, after.source) && same(entry.destination, after.destination):
            words.append("N")
        default: words.append("L!")
        }
        words.append(report.findings.filter { $0.value > 0 }.keys.map(\.rawValue).sorted().joined(separator: "+"))
        return words.joined(separator: " ")
    }
}
