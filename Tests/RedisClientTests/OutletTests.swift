import Synchronization
import TestSupport
import Testing

@testable import RedisClient

@Suite("An outlet")
struct OutletTests {
    /// What came out, in order.
    private final class Taken: Sendable {
        let list = Mutex<[String]>([])
        func take(_ text: String) { list.withLock { $0.append(text) } }
        var all: [String] { list.withLock { $0 } }
    }

    @Test("does all that it is given, in order, on another thread")
    func order() {
        let taken = Taken()
        let outlet = Outlet(name: "test", capacity: 1000)
        for number in 0..<500 { #expect(outlet.offer { taken.take("\(number)") }) }
        #expect(outlet.finish(within: .seconds(10)))
        #expect(taken.all == (0..<500).map { "\($0)" })
    }

    @Test(
        "that is blocked holds nobody up, keeps so many items, and then tells once how many it dropped, in their place"
    )
    func drops() async throws {
        let taken = Taken()
        let gate = Gate()
        let outlet = Outlet(name: "test", capacity: 4) { taken.take("dropped \($0)") }
        let isBlocked = Flag()
        outlet.offer {
            isBlocked.raise()
            gate.wait()
            taken.take("first")
        }
        try await eventually { isBlocked.isRaised }
        #expect(!outlet.finish(within: .milliseconds(20)))
        var kept = 0
        for number in 0..<100 where outlet.offer({ taken.take("\(number)") }) { kept += 1 }
        #expect(kept == 4)
        gate.open()
        #expect(outlet.finish(within: .seconds(10)))
        #expect(taken.all == ["first"] + (0..<kept).map { "\($0)" } + ["dropped \(100 - kept)"])
        #expect(outlet.offer { taken.take("later") })
        #expect(outlet.finish(within: .seconds(10)))
        #expect(taken.all.last == "later")
    }

    @Test("keeps no more than may be kept in bytes, but lets one in that is larger than all")
    func cost() {
        let gate = Gate()
        let outlet = Outlet(name: "test", capacity: 1000, costLimit: 100)
        #expect(outlet.offer(cost: 1000) { gate.wait() })
        var kept = 0
        for _ in 0..<100 where outlet.offer(cost: 30, {}) { kept += 1 }
        #expect(kept <= 3)
        gate.open()
        #expect(outlet.finish(within: .seconds(10)))
    }

    @Test("does of those with the same key only the last that waits")
    func replaces() async throws {
        let taken = Taken()
        let gate = Gate()
        let isBlocked = Flag()
        let outlet = Outlet(name: "test", capacity: 4)
        outlet.offer {
            isBlocked.raise()
            gate.wait()
        }
        try await eventually { isBlocked.isRaised }
        for number in 0..<100 { #expect(outlet.offer(replacing: "state") { taken.take("\(number)") }) }
        while outlet.offer({ taken.take("other") }) {}
        #expect(outlet.offer(replacing: "state") { taken.take("last") }, "it takes no more room than what it replaces")
        gate.open()
        #expect(outlet.finish(within: .seconds(10)))
        #expect(taken.all == ["other", "other", "other", "last"])
    }

    @Test("drops nothing of what is insisted on, and waits for room only as long as it is told to")
    func insists() async throws {
        let taken = Taken()
        let gate = Gate()
        let outlet = Outlet(name: "test", capacity: 2)
        let isBlocked = Flag()
        outlet.offer {
            isBlocked.raise()
            gate.wait()
        }
        try await eventually { isBlocked.isRaised }
        while outlet.insist(while: { false }, { taken.take("early") }) {}
        let early = taken.all.count
        #expect(early == 0)
        var asked = 0
        let isTaken = outlet.insist(
            while: {
                asked += 1
                if asked == 3 { gate.open() }
                return true
            },
            { taken.take("late") }
        )
        #expect(isTaken)
        #expect(outlet.finish(within: .seconds(10)))
        #expect(taken.all.last == "late")
    }
}
