import MigrationKit
import Testing

@testable import Reconciler

@Suite("The status line")
struct StatusLineTests {
    private static func report(_ action: Action, version: Int? = 1, target: Int = 3) -> PassReport {
        PassReport(action: action, version: version, target: target, conditions: [])
    }

    private static func progress(_ done: Int, of total: Int) -> Progress {
        var progress = Progress()
        progress.processedItems = done
        progress.totalItems = total
        return progress
    }

    @Test("tells of a running step how far, how fast and how long still")
    func running() {
        let report = Self.report(.run(Step(.apply, "002_timestamps")))
        #expect(
            StatusLine.text(report, progress: Self.progress(112_500, of: 250_000), elapsed: .milliseconds(1250))
                == "schema v1 → v3: 002_timestamps applying 45 % (112,500 of 250,000 keys, 90,000/s, 1 s left)"
        )
        #expect(StatusLine.text(report) == "schema v1 → v3: 002_timestamps applying")
    }

    @Test("tells what holds a step back")
    func strained() {
        var progress = Self.progress(5, of: 10)
        progress.strain = WalkStrain(.slowed, "memory is at 93 % of maxmemory")
        #expect(
            StatusLine.progress(progress, elapsed: .milliseconds(1000))
                == " 50 % (5 of 10 keys, 5/s, 1 s left), slowed: memory is at 93 % of maxmemory"
        )
    }

    @Test("tells of every other action what it is and why")
    func others() {
        let pending = PendingCleanup(migration: "m", reason: .soaking, message: "The old keys stay.")
        #expect(StatusLine.text(Self.report(.converged(pending: nil), version: 3)) == "schema v3: converged")
        #expect(
            StatusLine.text(Self.report(.converged(pending: pending), version: 3))
                == "schema v3: converged; The old keys stay."
        )
        #expect(
            StatusLine.text(Self.report(.wait(.paused, "Paused by ann."))) == "schema v1 → v3: waiting: Paused by ann."
        )
        #expect(
            StatusLine.text(Self.report(.stall(.unreadable, "The key is odd."), version: nil))
                == "schema unknown: stalled (Unreadable): The key is odd."
        )
    }

    @Test(
        "counts from nothing to more than was planned",
        arguments: [
            (0, 0, 0, " (0 keys)") as (Int, Int, Int, String), (0, 10, 0, " 0 % (0 of 10 keys)"),
            (0, 10, 5000, " 0 % (0 of 10 keys)"), (5, 0, 1000, " (5 keys, 5/s)"),
            (5, 10, 200, " 50 % (5 of 10 keys)"), (5, 10, 1000, " 50 % (5 of 10 keys, 5/s, 1 s left)"),
            (10, 10, 1000, " 100 % (10 of 10 keys, 10/s)"), (15, 10, 1000, " 100 % (10 of 10 keys, 15/s)"),
            (999, 1000, 1000, " 99 % (999 of 1,000 keys, 999/s)"),
            (1, 1_000_000, 10_000, " 0 % (1 of 1,000,000 keys, 0/s)"),
        ]
    )
    func counts(done: Int, total: Int, milliseconds: Int, text: String) {
        #expect(StatusLine.progress(Self.progress(done, of: total), elapsed: .milliseconds(milliseconds)) == text)
    }
}

@Suite("Numbers and times in words")
struct WordingTests {
    @Test(
        "a time is told in its two largest units",
        arguments: [
            (0, "0 ms"), (-5, "0 ms"), (120, "120 ms"), (999, "999 ms"), (1000, "1 s"), (1999, "1 s"), (59_999, "59 s"),
            (60_000, "1 min"), (61_000, "1 min 1 s"), (3_599_999, "59 min 59 s"), (3_600_000, "1 h"),
            (3_900_000, "1 h 5 min"), (3_659_000, "1 h"), (86_399_000, "23 h 59 min"), (86_400_000, "1 d"),
            (90_000_000, "1 d 1 h"), (864_000_000_000, "10000 d"),
        ]
    )
    func durations(milliseconds: Int, text: String) {
        #expect(Wording.duration(.milliseconds(milliseconds)) == text)
    }

    @Test(
        "a number has its thousands apart",
        arguments: [
            (0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (1001, "1,001"), (112_500, "112,500"),
            (1_000_000, "1,000,000"), (-1234, "-1,234"), (Int.max, "9,223,372,036,854,775,807"),
            (Int.min, "-9,223,372,036,854,775,808"),
        ]
    )
    func numbers(number: Int, text: String) {
        #expect(Wording.number(number) == text)
    }

    @Test(
        "keys are told by their number, one of them without an s",
        arguments: [
            (0, "", "0 keys"), (1, "", "1 key"), (2, "", "2 keys"), (1, "old", "1 old key"),
            (112_500, "old", "112,500 old keys"),
        ]
    )
    func keys(count: Int, which: String, text: String) {
        #expect(Wording.keys(count, which) == text)
    }

    @Test(
        "a size is told in the largest unit that keeps it above 1",
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1 << 20, "1.0 MiB"),
            (64 << 20, "64.0 MiB"), (3 << 29, "1.5 GiB"), (1 << 40, "1.0 TiB"),
        ]
    )
    func sizes(count: Int, text: String) {
        #expect(Wording.bytes(count) == text)
    }
}
