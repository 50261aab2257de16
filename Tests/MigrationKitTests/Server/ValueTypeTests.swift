import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

/// Keys of every type in every column of the three-way comparison, and through all phases.
@Suite("The types of values")
struct ValueTypeTests {
    @Test("each has a sample")
    func complete() {
        #expect(Set(TypeSample.all.map(\.type)) == Set(ValueType.allCases))
    }

    @Test("are handled in every column as the table says", arguments: TypeSample.all, CopyMethod.allCases)
    func table(sample: TypeSample, method: CopyMethod) async throws {
        try await withBench { bench in
            var features = try await bench.features()
            features.copyMethod = method
            for situation in sample.situations {
                for (column, expected) in zip(Column.allCases, situation.outcomes) {
                    try await bench.send("FLUSHALL")
                    let outcome = try await bench.withLease { lease in
                        let table = TableRun(
                            migration: Renames(),
                            type: sample.type,
                            bench: bench,
                            lease: lease,
                            features: features
                        )
                        return try await table.run(column, over: situation)
                    }
                    #expect(outcome.text == expected, "\(situation.name), \(column.rawValue)")
                    #expect(
                        outcome.report.count(of: situation.row) == 1,
                        "\(situation.name), \(column.rawValue): \(outcome.report.counts)"
                    )
                    #expect(outcome.isUnchangedBySecondRun, "\(situation.name), \(column.rawValue)")
                }
            }
        }
    }
}
