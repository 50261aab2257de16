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

    @Test("keep every byte, element and expiry through all phases", arguments: CopyMethod.allCases)
    func allPhases(method: CopyMethod) async throws {
        let arguments = method == .copy ? [] : ["--rename-command", "COPY", ""]
        try await withBench(arguments: arguments) { bench in
            let values = OddValues.all
            for (index, value) in values.enumerated() {
                try await OddValues.write(value, to: "x:\(value.type.rawValue):\(index)", on: bench.connection)
                // A few have an end.
                if index.isMultiple(of: 3) {
                    try await bench.send("PEXPIREAT x:\(value.type.rawValue):\(index) 4102444800123")
                }
            }
            var before: [[Bytes]] = []
            for (index, value) in values.enumerated() {
                let key = "x:\(value.type.rawValue):\(index)"
                before.append(try await OddValues.read(value.type, from: key, on: bench.connection))
            }
            let runner = Self.runner(bench)
            let plan = try await runner.plan(Renames())
            #expect(plan.report.count(of: .uncopied) == values.count)
            #expect(plan.report.held.total == 0 && plan.report.unrelated == 0)
            try await bench.withLease { lease in
                let state = try await runner.apply(Renames(), plan: plan, under: lease)
                #expect(state.report?.written == values.count && state.held == nil)
                let again = try await runner.apply(Renames(), under: lease)
                #expect(again.report?.written == 0)
                let result = try await runner.verify(Renames(), under: lease)
                #expect(result.problems == [])
                let caughtUp = try await runner.apply(Renames(), under: lease)
                #expect(caughtUp.report?.written == 0)
                let cleaned = try await runner.cleanup(Renames(), under: lease)
                #expect(cleaned.removed == values.count && cleaned.held.total == 0)
            }
            let olds = try await bench.count("x:[^n]*")
            #expect(olds == 0)
            for (index, value) in values.enumerated() {
                let key = "x:new:\(value.type.rawValue):\(index)"
                let after = try await OddValues.read(value.type, from: key, on: bench.connection)
                let expiry = try await bench.expiry(key)
                if after != before[index] { Issue.record("\(key) is not what it was.") }
                #expect(expiry == (index.isMultiple(of: 3) ? 4_102_444_800_123 : -1))
            }
        }
    }

    @Test("are held where they are larger than the limit, and the others are moved", arguments: TypeSample.all)
    func tooLarge(sample: TypeSample) async throws {
        try await withBench { bench in
            let name = sample.type.rawValue
            for command in sample.make { try await bench.send(command.replacing("KEY", with: "x:\(name):small")) }
            let large = OddValues.large(sample.type, count: 20_000)
            try await OddValues.write(large, to: "x:\(name):large", on: bench.connection)
            let runner = Self.runner(bench, limits: Limits(batchTime: .seconds(1), keyBytes: 10_000))
            let plan = try await runner.plan(Renames())
            #expect(plan.report.held.counts == ["tooLarge": 1])
            #expect(plan.report.held.samples.map(\.key) == ["x:\(name):large"])
            try await bench.withLease { lease in
                let state = try await runner.apply(Renames(), plan: plan, under: lease)
                #expect(state.report?.written == 1)
                let result = try await runner.verify(Renames(), under: lease)
                #expect(!result.isValid && result.hasConflicts)
            }
            let names = try await bench.data().keys.sorted()
            #expect(names == ["x:\(name):large", "x:\(name):small", "x:new:\(name):small"].sorted())
        }
    }

    @Test("are read in batches of no more than a few large keys")
    func batches() async throws {
        try await withBench { bench in
            for number in 0..<30 {
                let value = OddValues(type: .string, elements: [Bytes(repeating: 1, count: 300_000)])
                try await OddValues.write(value, to: "x:string:\(number)", on: bench.connection)
            }
            try await bench.send("CONFIG RESETSTAT")
            let runner = Self.runner(bench)
            let plan = try await runner.plan(Renames())
            try await bench.withLease { lease in
                let state = try await runner.apply(Renames(), plan: plan, under: lease)
                #expect(state.report?.written == 30)
            }
            // Three fit into a mebibyte.
            let transactions = try await bench.calls(of: "exec")
            #expect(transactions >= 10)
        }
    }

    @Test("are not compared when they are found to be larger than the limit only when they are read")
    func grown() async throws {
        try await withBench { bench in
            let expiry = ExpiryReader(isExact: try await bench.features().hasExpiryTime)
            for sample in TypeSample.all where sample.type != .hash {
                let key = Bytes(sample.type.rawValue)
                try await OddValues.write(
                    OddValues.large(sample.type, count: 10),
                    to: sample.type.rawValue,
                    on: bench.connection
                )
                for (limit, elements, obstacle) in [
                    (3, 1000, "tooLarge"), (1000, 3, sample.type == .string ? nil : "tooLarge"), (1000, 1000, nil),
                ] as [(Int, Int, String?)] {
                    let reader = ValueReader(type: sample.type, limit: limit, expiry: expiry, mostElements: elements)
                    var commands = CommandBuffer()
                    reader.ask(key, in: &commands)
                    let replies = try await bench.connection.pipeline(commands)
                    let moment = Moment(now: 0, horizon: 0)
                    let reading = try reader.read(replies, at: moment, digester: try Digester())
                    #expect(reading.obstacle == obstacle, "\(sample.type)")
                    #expect((reading.side?.content == nil) == (obstacle != nil), "\(sample.type)")
                }
            }
        }
    }

    @Test("streams with consumer groups are told in the plan, and held until they have none")
    func consumerGroups() async throws {
        try await withBench { bench in
            try await bench.send("XADD x:stream:a 1-1 f v")
            try await bench.send("XADD x:stream:b 1-1 f v")
            try await bench.send("XGROUP CREATE x:stream:a readers 0")
            let runner = Self.runner(bench)
            let plan = try await runner.plan(Renames())
            #expect(plan.report.held.counts == ["consumerGroups": 1])
            try await bench.withLease { lease in
                let state = try await runner.apply(Renames(), plan: plan, under: lease)
                #expect(state.report?.written == 1 && state.held?.counts == ["consumerGroups": 1])
                let invalid = try await runner.verify(Renames(), under: lease)
                #expect(!invalid.isValid && invalid.hasConflicts)
                let version = try await bench.version()
                #expect(version == 0)
                try await bench.send("XGROUP DESTROY x:stream:a readers")
                _ = try await runner.apply(Renames(), under: lease)
                let valid = try await runner.verify(Renames(), under: lease)
                #expect(valid.problems == [])
                // One that comes to a copy holds the old key.
                try await bench.send("XGROUP CREATE x:new:stream:b readers 0")
                let cleaned = try await runner.cleanup(Renames(), under: lease)
                #expect(cleaned.removed == 1 && cleaned.held.counts == ["consumerGroups": 1])
            }
            let names = try await bench.data().keys.sorted()
            #expect(names == ["x:new:stream:a", "x:new:stream:b", "x:stream:b"])
        }
    }

    @Test("streams keep their last id, also when every entry is gone")
    func lastID() async throws {
        try await withBench { bench in
            try await bench.send("XADD x:stream:a 7-3 f v")
            try await bench.send("XDEL x:stream:a 7-3")
            let runner = Self.runner(bench)
            let plan = try await runner.plan(Renames())
            try await bench.withLease { lease in
                _ = try await runner.apply(Renames(), plan: plan, under: lease)
                let result = try await runner.verify(Renames(), under: lease)
                #expect(result.problems == [])
            }
            let old = await #expect(throws: RedisError.self) { try await bench.send("XADD x:new:stream:a 7-3 f v") }
            #expect(old?.message.contains("equal or smaller") == true)
            // A last id that moved on is a change, though the entries are the same.
            try await bench.send("XSETID x:stream:a 9-0")
            let again = try await runner.plan(Renames())
            #expect(again.report.count(of: .sourceChanged) == 1)
        }
    }

    private static func runner(_ bench: Bench, limits: Limits = Limits(batchTime: .seconds(1))) -> PhaseRunner {
        PhaseRunner(
            store: bench.store,
            keyspace: bench.connection,
            registry: MigrationRegistry([Renames()]),
            limits: limits
        )
    }
}
