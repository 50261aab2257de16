import Testing

@testable import MigrationKit

@Suite("The pace of batches")
struct BatchPaceTests {
    private static func pace(batchTime: Int = 2, keysPerSecond: Int = 0, roundTrip: Int = 1) -> BatchPace {
        BatchPace(
            limits: Limits(batchTime: .milliseconds(batchTime), keysPerSecond: keysPerSecond),
            roundTrip: .milliseconds(roundTrip)
        )
    }

    @Test("grows slowly while batches are quick, up to the most keys that are watched at once")
    func grows() {
        var pace = Self.pace()
        var before = pace.size
        #expect(before > 0)
        for _ in 0..<40 {
            pace.noteBatch(of: pace.size, took: .milliseconds(2), roundTrips: 2)
            #expect(pace.size >= before && pace.size - before <= max(1, before / 4))
            before = pace.size
        }
        #expect(pace.size == BatchPace.largest && 2 * BatchPace.largest <= 100)
    }

    @Test("is halved at once by a batch that took too long, down to one and not further")
    func shrinks() {
        var pace = Self.pace()
        let before = pace.size
        pace.noteBatch(of: before, took: .milliseconds(100), roundTrips: 2)
        #expect(pace.size == before / 2)
        for _ in 0..<20 { pace.noteBatch(of: pace.size, took: .seconds(1), roundTrips: 2) }
        #expect(pace.size == 1)
        pace.noteBatch(of: 1, took: .zero, roundTrips: 2)
        #expect(pace.size == 2)
    }

    @Test("does not count the way to the server and back")
    func roundTrips() {
        var near = Self.pace(roundTrip: 0)
        var far = Self.pace(roundTrip: 50)
        near.noteBatch(of: near.size, took: .milliseconds(104), roundTrips: 2)
        far.noteBatch(of: far.size, took: .milliseconds(104), roundTrips: 2)
        #expect(near.size == 4 && far.size == 10)
        // One microsecond above the limit is too long.
        var border = Self.pace(roundTrip: 50)
        border.noteBatch(of: 8, took: .milliseconds(104) + .microseconds(1), roundTrips: 2)
        #expect(border.size == 4)
    }

    @Test("goes by single requests where several batches are under way")
    func requests() {
        var pace = Self.pace(roundTrip: 1)
        // What took half of the limit beyond the round trip makes room for more, what took more does not.
        pace.noteRequest(took: .milliseconds(2))
        #expect(pace.size == 10)
        pace.noteRequest(took: .milliseconds(2) + .microseconds(1))
        #expect(pace.size == 10)
        pace.noteRequest(took: .milliseconds(3))
        #expect(pace.size == 10)
        pace.noteRequest(took: .milliseconds(3) + .microseconds(1))
        #expect(pace.size == 5)
        for _ in 0..<40 { pace.noteRequest(took: .zero) }
        #expect(pace.size == BatchPace.largest)
        for _ in 0..<20 { pace.noteRequest(took: .seconds(1)) }
        #expect(pace.size == 1)
        #expect(!pace.isCapped && Self.pace(keysPerSecond: 1).isCapped)
    }

    @Test("is not quickened by a batch that was not full")
    func partial() {
        var pace = Self.pace()
        pace.noteBatch(of: pace.size - 1, took: .zero, roundTrips: 2)
        #expect(pace.size == 8)
    }

    @Test("waits as long as the rate asks for, and not at all without one")
    func rate() {
        var free = Self.pace()
        free.noteBatch(of: 1000, took: .zero, roundTrips: 2)
        #expect(free.pause() == .zero)

        let began = ContinuousClock.now
        var capped = Self.pace(keysPerSecond: 100)
        let later = ContinuousClock.now
        #expect(capped.pause(now: later) == .zero)
        capped.noteBatch(of: 16, took: .zero, roundTrips: 2, now: later)
        capped.noteBatch(of: 34, took: .zero, roundTrips: 2, now: later)
        #expect(capped.pause(now: began) >= .milliseconds(500))
        #expect(capped.pause(now: later) <= .milliseconds(500))
        #expect(capped.pause(now: later + .milliseconds(499)) <= .milliseconds(1))
        #expect(capped.pause(now: later + .milliseconds(500)) == .zero)
        #expect(capped.pause(now: later + .seconds(3600)) == .zero)
    }

    @Test("does not make up afterwards for what it could not do for a while")
    func noBurst() {
        var pace = Self.pace(keysPerSecond: 100)
        let later = ContinuousClock.now + .seconds(60)
        pace.noteBatch(of: 10, took: .zero, roundTrips: 2, now: later)
        #expect(pace.pause(now: later) == .zero)
        for _ in 0..<4 { pace.noteBatch(of: 10, took: .zero, roundTrips: 2, now: later) }
        #expect(pace.pause(now: later) == .milliseconds(400))
        pace.postpone(by: .seconds(2))
        #expect(pace.pause(now: later) == .milliseconds(2400))
    }

    @Test("obeys other limits from the next batch on, in both directions")
    func changes() {
        var pace = Self.pace(keysPerSecond: 10)
        let later = ContinuousClock.now
        #expect(pace.size == 1)
        pace.noteBatch(of: 1, took: .zero, roundTrips: 2, now: later)
        pace.obey(Limits(batchTime: .milliseconds(2), keysPerSecond: 0))
        #expect(pace.size == 8 && pace.pause(now: later) == .zero)
        for _ in 0..<9 { pace.noteBatch(of: 16, took: .zero, roundTrips: 2, now: later) }
        // What was done without a cap counts for none.
        pace.obey(Limits(batchTime: .milliseconds(2), keysPerSecond: 20))
        #expect(pace.size == 2 && pace.pause(now: later) <= .milliseconds(100))
        pace.noteBatch(of: 2, took: .zero, roundTrips: 2, now: later + .seconds(1))
        #expect(pace.pause(now: later + .seconds(1)) == .zero)
        pace.obey(Limits(batchTime: .microseconds(100), keysPerSecond: 0))
        pace.noteBatch(of: 2, took: .milliseconds(3), roundTrips: 2, now: later)
        #expect(pace.size < 8)
    }

    @Test("a batch weighs no more than it may, and has one item at least")
    func weight() {
        for (weights, count) in [
            ([], 0), ([1], 1), ([10], 1), ([11], 1), ([11, 1], 1), ([5, 5, 1], 2), ([5, 6], 1), ([0, 0, 0], 3),
            ([1, 10], 1), ([.max, .max], 1), ([1, .max], 1), ([10, 0, 0, 1], 3),
        ] as [([Int], Int)] {
            #expect(weights[...].prefix(10, by: { $0 }).count == count, "\(weights)")
        }
    }
}
