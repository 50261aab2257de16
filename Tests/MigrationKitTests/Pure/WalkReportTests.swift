import RedisClient
import Testing

@testable import MigrationKit

@Suite("What a walk reports")
struct WalkReportTests {
    private static func pair(_ index: Int, kind: String = "tenant") -> Pair {
        Pair(
            move: KeyMove(kind: kind, source: Bytes("old:\(index)"), destination: Bytes("new:\(index)")),
            isSeenByDestination: false,
            sourceName: 0,
            ledgerKey: [],
            ledgerField: []
        )
    }

    private static func report(_ classes: [(PairClass, Int)], in column: Column = .verify) -> WalkReport {
        var report = WalkReport()
        for (pairClass, count) in classes {
            for index in 0..<count { report.note(pair(index), pairClass, pairClass.ruling(in: column), obstacle: nil) }
        }
        return report
    }

    @Test("the largest twenty of the keys that are too large are kept, with the stall that a copy means")
    func large() {
        var report = WalkReport()
        for number in 0..<50 {
            let size = number * 7 % 50
            report.noteLarge(LargeKey(Bytes("k\(size)"), bytes: size << 20))
        }
        #expect(Set(report.large.map(\.key)) == Set((30..<50).map { "k\($0)" }))
        let stall = LargeKey(Bytes("k\n"), bytes: 64 << 20)
        #expect(stall.key == "k\\x0a")
        #expect(stall.stall == .microseconds(67_108)...(.microseconds(1_006_620)))
    }

    @Test("that everything is as it should be is valid")
    func valid() {
        let fine = Self.report([(.inSync, 100), (.equal, 5), (.converged, 5), (.native, 50), (.expiring, 30)])
        #expect(fine.problems(isRaised: false).isEmpty)
        #expect(WalkReport().problems(isRaised: false).isEmpty)
    }

    @Test(
        "that one pair is not as it should be is not valid",
        arguments: [PairClass.foreign, .diverged, .orphan, .collision, .expiryLost, .destinationMissing]
    )
    func invalid(pairClass: PairClass) {
        let report = Self.report([(.inSync, 1_000_000 / 100), (pairClass, 1)])
        #expect(report.problems(isRaised: false).count == 1)
        #expect(report.held.counts == [pairClass.rawValue: 1])
    }

    @Test(
        "a few changes under its eyes are valid, and many are not",
        arguments: [PairClass.uncopied, .sourceChanged, .sourceGone]
    )
    func few(pairClass: PairClass) {
        #expect(Self.report([(pairClass, 20)]).problems(isRaised: false).isEmpty)
        #expect(Self.report([(pairClass, 21)]).problems(isRaised: false).count == 1)
        #expect(Self.report([(.inSync, 2079), (pairClass, 21)]).problems(isRaised: false).isEmpty)
        #expect(Self.report([(.inSync, 2078), (pairClass, 21)]).problems(isRaised: false).count == 1)
    }

    @Test("that 98 % of the copies are there is not valid")
    func spotCheck() {
        let report = Self.report([(.inSync, 20), (.destinationMissing, 980)])
        #expect(!report.problems(isRaised: false).isEmpty)
    }

    @Test(
        "before the raise not even one pair in use is valid, unless as many are accepted",
        arguments: [1, 20, 21, 1000]
    )
    func unaccepted(count: Int) {
        let report = Self.report([(.inSync, 1_000_000), (.inUse, count)])
        for accepted in [0, count - 1] {
            #expect(report.problems(isRaised: false, acceptedInUse: accepted).count == 1)
            #expect(report.needsPerson(isRaised: false, acceptedInUse: accepted))
            #expect(report.held(acceptingInUse: accepted).counts == ["inUse": count])
        }
        #expect(report.problems(isRaised: false, acceptedInUse: count).isEmpty)
        #expect(!report.needsPerson(isRaised: false, acceptedInUse: count))
        #expect(report.held(acceptingInUse: count).total == 0)
    }

    @Test("before the raise many old keys that nothing copies are for a person, and after it they are only named")
    func uncopied() {
        for (count, isMany) in [(20, false), (21, true)] {
            let report = Self.report([(.reappeared, count)])
            #expect(report.problems(isRaised: false).isEmpty != isMany)
            #expect(report.needsPerson(isRaised: false) == isMany)
            #expect(report.problems(isRaised: true).isEmpty && !report.needsPerson(isRaised: true))
        }
    }

    @Test("after the raise any number of pairs in use is valid")
    func inUse() {
        let report = Self.report([(.inUse, 1000)], in: .verifyAgain)
        #expect(report.problems(isRaised: true).isEmpty)
    }

    @Test("what applying again cannot mend needs a person, and the rest does not")
    func person() {
        let needs = { (pairClass: PairClass, count: Int, column: Column) in
            Self.report([(pairClass, count)], in: column).needsPerson(isRaised: column == .verifyAgain)
        }
        for pairClass in [PairClass.foreign, .diverged, .orphan, .collision] {
            #expect(needs(pairClass, 1, .verify) && needs(pairClass, 1, .verifyAgain))
        }
        for pairClass in [PairClass.expiryLost, .destinationMissing] {
            #expect(!needs(pairClass, 1000, .verify), "apply mends it")
            #expect(needs(pairClass, 1000, .verifyAgain), "nothing mends it")
        }
        #expect(!needs(.destinationMissing, 20, .verifyAgain))
        for pairClass in [PairClass.uncopied, .sourceChanged] {
            #expect(!needs(pairClass, 1000, .verify) && !needs(pairClass, 1000, .verifyAgain))
        }
    }

    @Test("keys that are ambiguous, hot or too large are not valid")
    func others() {
        var report = WalkReport()
        report.ambiguous = 1
        #expect(report.problems(isRaised: false).count == 1)
        report.hot = 1
        #expect(report.problems(isRaised: false).count == 2)
        report.held.add(Bytes("x"), reason: "tooLarge")
        #expect(report.problems(isRaised: false).count == 3)
    }

    @Test("counts by kind and class, and keeps at most 20 samples")
    func counts() {
        var report = Self.report([(.uncopied, 30), (.native, 7), (.inSync, 3)], in: .apply)
        report.note(Self.pair(0, kind: "summary"), .uncopied, PairClass.uncopied.ruling(in: .apply), obstacle: nil)
        #expect(report.count(of: .uncopied) == 31 && report.count(of: .native) == 7 && report.pairs == 41)
        #expect(report.sourcesByKind == ["tenant": 33, "summary": 1])
        #expect(report.samples.count == 20 && report.samples.first == "old:0 → new:0")
        for _ in 0..<30 { report.noteUnrelated([0x41]) }
        #expect(report.unrelated == 30 && report.unrelatedSamples.count == 20)
    }

    @Test("calls written only what is written", arguments: Column.allCases)
    func written(column: Column) {
        for pairClass in PairClass.allCases {
            let report = Self.report([(pairClass, 1)], in: column)
            let ruling = pairClass.ruling(in: column)
            #expect(report.written == (ruling.action == .leave ? 0 : 1))
            #expect(report.findings == [ruling.finding: 1])
        }
    }
}
