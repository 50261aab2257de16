import Testing

@testable import Systemd

@Suite("A ping to the watchdog")
struct ProgressWatchdogTests {
    /// What a loop says and a pinger asks; times are milliseconds after the start.
    enum Event: Sendable {
        case progressed
        case waits(until: Int)
        case asks(at: Int)
    }

    /// A run of events, and the answers that the questions in it must get.
    struct Run: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let events: [Event]
        let answers: [Bool]
    }

    static let runs = [
        Run(
            testDescription: "by starting, once",
            events: [.asks(at: 0), .asks(at: 0)],
            answers: [true, false]
        ),
        Run(
            testDescription: "by each step since the last one, and steps do not add up",
            events: [.asks(at: 0), .progressed, .progressed, .asks(at: 1), .asks(at: 2), .asks(at: 99_999)],
            answers: [true, true, false, false]
        ),
        Run(
            testDescription: "all through a wait, and not from its deadline on",
            events: [
                .waits(until: 30_000), .asks(at: 0), .asks(at: 15_000), .asks(at: 29_999), .asks(at: 30_000),
                .asks(at: 30_001),
            ],
            answers: [true, true, true, false, false]
        ),
        Run(
            testDescription: "not by a wait that the loop has ended",
            events: [.waits(until: 30_000), .progressed, .asks(at: 1_000), .asks(at: 2_000)],
            answers: [true, false]
        ),
        Run(
            testDescription: "by a loop of short waits and long work, whenever it is looked at",
            events: [
                .asks(at: 0), .waits(until: 100), .asks(at: 900), .waits(until: 1_100), .asks(at: 1_900),
                .asks(at: 2_900),
            ],
            answers: [true, true, true, false]
        ),
        Run(
            testDescription: "by the last deadline, be it earlier or later",
            events: [
                .waits(until: 30_000), .waits(until: 10_000), .asks(at: 9_000), .asks(at: 11_000),
                .waits(until: 60_000), .asks(at: 12_000), .asks(at: 59_000), .asks(at: 61_000),
            ],
            answers: [true, false, true, true, false]
        ),
    ]

    @Test("is earned", arguments: runs)
    func earned(run: Run) {
        let start = ContinuousClock.now
        var policy = ProgressWatchdog()
        var answers: [Bool] = []
        for event in run.events {
            switch event {
            case .progressed: policy.progressed()
            case .waits(let time): policy.waitingOnPurpose(until: start + .milliseconds(time))
            case .asks(let time): answers.append(policy.shouldPing(now: start + .milliseconds(time)))
            }
        }
        #expect(answers == run.answers)
    }

    @Test("is given to one of many that ask at once")
    func concurrent() async {
        let monitor = ProgressMonitor()
        let pings = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { monitor.shouldPing() } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(pings == 1)
    }

    @Test("is earned through the monitor by the same rules")
    func monitor() {
        let monitor = ProgressMonitor()
        let now = ContinuousClock.now
        monitor.waitingOnPurpose(until: now + .seconds(60))
        let waiting = [0, 30, 61].map { monitor.shouldPing(now: now + .seconds($0)) }
        #expect(waiting == [true, true, false])
        monitor.progressed()
        let moved = [62, 63].map { monitor.shouldPing(now: now + .seconds($0)) }
        #expect(moved == [true, false])
    }
}
