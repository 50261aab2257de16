import TestSupport
import Testing

@testable import MigrationKit

@Suite("Judging whether a lock was abandoned")
struct LockWatchTests {
    private static let start = ContinuousClock.now

    private static func identity(bootID: String = "here", namespace: String = "ns") -> HolderIdentity {
        HolderIdentity(
            token: "mine",
            host: "me",
            instance: "",
            processID: 1,
            bootID: bootID,
            processNamespace: namespace,
            version: "1"
        )
    }

    /// A lock of another host, as the defaults have it: 1 h, renewed every 10 s, stale after 60 s.
    private static func record(
        token: String = "other",
        bootID: String = "there",
        namespace: String = "ns",
        times: LockTimes = LockTimes()
    ) -> LockRecord {
        var identity = identity(bootID: bootID, namespace: namespace)
        identity.token = token
        identity.processID = 99
        return LockRecord(identity: identity, times: times, migration: "m", at: Timestamp(milliseconds: 0))
    }

    /// A look: when, and the time to live that the server tells, both in seconds.
    struct Look: Sendable {
        var at: Double
        var left: Double?
        var isStale: Bool

        init(_ at: Double, _ left: Double?, _ isStale: Bool) {
            self.at = at
            self.left = left
            self.isStale = isStale
        }
    }

    struct Story: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var looks: [Look]
    }

    @Test(
        "tells an abandoned lock from one that is kept",
        arguments: [
            Story(
                testDescription: "watched from its last renewal on: after 60 s",
                looks: [
                    Look(0, 3600, false), Look(30, 3570, false), Look(59, 3541, false), Look(60, 3540, false),
                    Look(60.1, 3539.9, true),
                ]
            ),
            Story(
                testDescription: "found long abandoned: three renewals later, not at once",
                looks: [
                    Look(0, 1000, false), Look(15, 985, false), Look(29.9, 970.1, false), Look(30, 970, true),
                ]
            ),
            Story(
                testDescription: "renewed while it is watched, then abandoned",
                looks: [
                    Look(0, 3595, false), Look(10, 3595, false), Look(20, 3595, false), Look(50, 3565, false),
                    Look(79, 3536, true),
                ]
            ),
            Story(
                testDescription: "renewed after a long silence: the watch begins anew",
                looks: [
                    Look(0, 1000, false), Look(29, 971, false), Look(29.5, 3600, false), Look(60, 3569.5, false),
                    Look(90, 3539.5, true),
                ]
            ),
            Story(
                testDescription: "seen twice with an hour between, and renewed meanwhile",
                looks: [Look(0, 3000, false), Look(3590, 3595, false), Look(3600, 3585, false)]
            ),
            Story(
                testDescription: "without a time to live: after 60 s of silence",
                looks: [Look(0, nil, false), Look(30, nil, false), Look(59.9, nil, false), Look(60, nil, true)]
            ),
            Story(
                testDescription: "without a time to live at first, then renewed",
                looks: [Look(0, nil, false), Look(50, 3600, false), Look(60, 3590, false), Look(111, 3539, true)]
            ),
            Story(
                testDescription: "that lost its time to live while watched",
                looks: [Look(0, 3560, false), Look(20, nil, false), Look(79, nil, false), Look(80, nil, true)]
            ),
            Story(
                testDescription: "whose server's clock was set back: the watch begins anew",
                looks: [Look(0, 1000, false), Look(20, 1100, false), Look(31, 1089, false), Look(50, 1070, true)]
            ),
            Story(
                testDescription: "whose server's clock was set back by a day: after 60 s of silence",
                looks: [
                    Look(0, 3590, false), Look(20, 89_970, false), Look(79, 89_911, false), Look(80, 89_910, true),
                ]
            ),
            Story(
                testDescription: "found with a day to live, and then renewed",
                looks: [Look(0, 89_990, false), Look(50, 3595, false), Look(60, 3595, false), Look(65, 3590, false)]
            ),
        ]
    )
    func stories(_ story: Story) {
        var watch = LockWatch()
        for look in story.looks {
            let isStale = watch.isStale(
                Self.record(),
                timeToLive: look.left.map { .seconds($0) },
                now: Self.start + .seconds(look.at),
                identity: Self.identity(),
                processIsAlive: { _ in true }
            )
            #expect(isStale == look.isStale, "at \(look.at) s")
        }
    }

    @Test("of a new token begins anew")
    func newToken() {
        var watch = LockWatch()
        func isStale(_ token: String, _ at: Double, _ left: Double) -> Bool {
            watch.isStale(
                Self.record(token: token),
                timeToLive: .seconds(left),
                now: Self.start + .seconds(at),
                identity: Self.identity(),
                processIsAlive: { _ in true }
            )
        }
        #expect(!isStale("a", 0, 1000))
        #expect(!isStale("b", 29, 971))
        #expect(!isStale("b", 31, 969))
        #expect(!isStale("a", 58, 942))
        #expect(!isStale("b", 59, 941))
        #expect(isStale("b", 89, 911))
    }

    @Test("of a dead process of this boot and namespace needs no waiting, and of no other")
    func deadProcess() {
        struct Place {
            var bootID: String
            var namespace: String
            var mine: HolderIdentity
            var isStale: Bool
        }
        let places = [
            Place(bootID: "here", namespace: "ns", mine: Self.identity(), isStale: true),
            Place(bootID: "there", namespace: "ns", mine: Self.identity(), isStale: false),
            Place(bootID: "here", namespace: "other", mine: Self.identity(), isStale: false),
            Place(bootID: "", namespace: "ns", mine: Self.identity(bootID: ""), isStale: false),
            Place(bootID: "here", namespace: "", mine: Self.identity(namespace: ""), isStale: false),
        ]
        for place in places {
            let record = Self.record(bootID: place.bootID, namespace: place.namespace)
            var asked: [Int32] = []
            var watch = LockWatch()
            let isStale = watch.isStale(
                record,
                timeToLive: .seconds(3600),
                now: Self.start,
                identity: place.mine,
                processIsAlive: {
                    asked.append($0)
                    return false
                }
            )
            #expect(isStale == place.isStale, "boot \(place.bootID) namespace \(place.namespace)")
            #expect(asked == (place.isStale ? [99] : []), "a process id is asked for only where it means something")
        }
        var watch = LockWatch()
        let ofLiving = watch.isStale(
            Self.record(bootID: "here"),
            timeToLive: .seconds(3600),
            now: Self.start,
            identity: Self.identity(),
            processIsAlive: { _ in true }
        )
        #expect(!ofLiving)
    }

    @Test("asks for no process that has no valid id", arguments: [0, -1, Int32.min])
    func oddProcess(processID: Int32) {
        var record = Self.record(bootID: "here")
        record.pid = processID
        var watch = LockWatch()
        let isStale = watch.isStale(
            record,
            timeToLive: .seconds(3600),
            now: Self.start,
            identity: Self.identity(),
            processIsAlive: { _ in false }
        )
        #expect(!isStale)
    }

    struct Life: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var pid: Int32 = 99
        var namespace = "ns"
        var bootID = "here"
        var started: Int64?
        var isThere = true
        var starts: Int64?
        var life: LockWatch.HolderLife
    }

    @Test(
        "tells a holder's process from a later one with its number",
        arguments: [
            Life(testDescription: "no such process", isThere: false, life: .dead),
            Life(testDescription: "of an earlier program: a process with its number", life: .alive),
            Life(testDescription: "of an earlier program: our own number", pid: 1, life: .dead),
            Life(testDescription: "the same start", started: 5, starts: 5, life: .alive),
            Life(testDescription: "another start", started: 5, starts: 6, life: .dead),
            Life(testDescription: "a start that is not to be read", started: 5, life: .alive),
            Life(testDescription: "our own number, another start", pid: 1, started: 5, starts: 6, life: .dead),
            Life(testDescription: "this very process", pid: 1, started: 5, starts: 5, life: .alive),
            Life(testDescription: "another container", namespace: "other", isThere: false, life: .elsewhereOnHost),
            Life(testDescription: "another host", bootID: "there", isThere: false, life: .otherHost),
            Life(testDescription: "no boot is told", bootID: "", isThere: false, life: .otherHost),
        ]
    )
    func life(row: Life) {
        var record = Self.record(bootID: row.bootID, namespace: row.namespace)
        record.pid = row.pid
        record.pidStart = row.started
        let identity = Self.identity()
        let life = LockWatch.life(of: record, seenBy: identity) { _ in
            row.isThere
        } processStart: { _ in
            row.starts
        }
        #expect(life == row.life)
        var watch = LockWatch()
        let isStale = watch.isStale(record, timeToLive: .seconds(3600), now: Self.start, identity: identity) { _ in
            row.isThere
        } processStart: { _ in
            row.starts
        }
        #expect(isStale == (row.life == .dead))
    }

    @Test("tells how long an abandoned lock is still watched, and nothing once it was renewed")
    func patience() {
        var watch = LockWatch()
        let record = Self.record()
        func look(_ at: Double, _ left: Double) -> Duration? {
            let now = Self.start + .seconds(at)
            _ = watch.isStale(record, timeToLive: .seconds(left), now: now, identity: Self.identity())
            return watch.patience(with: record, timeToLive: .seconds(left), now: now, identity: Self.identity())
        }
        #expect(look(0, 3600) == .milliseconds(60_001))
        #expect(look(20, 3580) == .milliseconds(40_001))
        var long = LockWatch()
        _ = long.isStale(record, timeToLive: .seconds(100), now: Self.start, identity: Self.identity())
        let left = long.patience(with: record, timeToLive: .seconds(100), now: Self.start, identity: Self.identity())
        #expect(left == .seconds(30))
        #expect(look(25, 3600) == nil, "renewed")
        #expect(look(50, 3575) == nil, "renewed once, so its holder lived")
    }

    @Test("knows when this process began, and no other with its number")
    func start() {
        let me = HolderIdentity.current(instance: "", version: "")
        #expect(me.processStart != nil && me.processStart == HolderIdentity.start(of: me.processID))
        #expect(HolderIdentity.start(of: .max) == nil)
    }

    @Test("knows that this process and the first one are alive")
    func living() {
        #expect(LockWatch.processIsAlive(HolderIdentity.current(instance: "", version: "").processID))
        #expect(LockWatch.processIsAlive(1))
        #expect(!LockWatch.processIsAlive(Int32.max))
    }

    @Test("never finds a lock stale that is renewed as its holder must, and always one that is not")
    func walk() {
        var generator = SplitMix64(seed: 31)
        for _ in 0..<300 {
            let times = LockTimes(
                timeToLive: .seconds(Int.random(in: 100...3600, using: &generator)),
                renewInterval: .seconds(Int.random(in: 1...10, using: &generator)),
                staleAfter: .seconds(Int.random(in: 31...90, using: &generator))
            )
            walkOnce(times, &generator)
        }
    }

    private func walkOnce(_ times: LockTimes, _ generator: inout SplitMix64) {
        func random(_ range: ClosedRange<Double>) -> Duration { .seconds(.random(in: range, using: &generator)) }
        let stale = Double(times.staleAfter.milliseconds) / 1000
        let record = Self.record(times: times)
        var watch = LockWatch()
        var now = Self.start
        var renewed = now
        let abandoned = now + .seconds(400)
        // A holder gives up after two thirds of the time after which it counts as gone.
        var next = renewed + random(0.5...stale * 2 / 3)
        let firstLook = Self.start + random(0...1000)
        let longestPause = Double.random(in: 0.1...40, using: &generator)
        let end = max(abandoned, firstLook) + times.staleAfter + times.renewInterval * 3 + .seconds(longestPause)
        var wasStale = false
        now = firstLook
        while now < end + .seconds(longestPause) {
            while next <= now, next < abandoned {
                renewed = next
                next = renewed + random(0.5...stale * 2 / 3)
            }
            let left = times.timeToLive - renewed.duration(to: now)
            // The lock expires by itself, and then nobody asks.
            guard left > .zero else { return }
            let isStale = watch.isStale(
                record,
                timeToLive: left,
                now: now,
                identity: Self.identity(),
                processIsAlive: { _ in false }
            )
            if isStale {
                #expect(renewed.duration(to: now) > times.staleAfter, "a lock that is kept was found stale")
                #expect(firstLook.duration(to: now) >= times.renewInterval * 3)
            }
            wasStale = wasStale || isStale
            now += random(0.1...longestPause)
        }
        #expect(wasStale, "an abandoned lock was not found stale: \(times)")
    }

    @Test("with numbers that no holder would write does not stop the program")
    func hostileNumbers() async {
        await #expect(processExitsWith: .success) {
            for extreme in [Int64.min, .max, 0, -1] {
                var record = LockWatchTests.record()
                record.ttl = extreme
                record.staleAfter = extreme == 0 ? .max : -(extreme / 2) - 1
                record.renewInterval = extreme
                var watch = LockWatch()
                for second in 0..<2 {
                    _ = watch.isStale(
                        record,
                        timeToLive: .seconds(100 - second),
                        now: LockWatchTests.start + .seconds(second),
                        identity: LockWatchTests.identity(),
                        processIsAlive: { _ in true }
                    )
                }
            }
        }
    }
}
