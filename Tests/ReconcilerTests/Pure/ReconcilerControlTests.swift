import MigrationKit
import RedisClient
import Testing

@testable import Reconciler

@Suite("What is asked of a running reconciler", .timeLimit(.minutes(1)))
struct ReconcilerControlTests {
    /// Longer than any sleep that is woken may take.
    private static let long = Duration.seconds(10)

    /// Notes a sleep that was not woken; false if the test should end.
    private func wasWoken(_ began: ContinuousClock.Instant, round: Int) -> Bool {
        guard began.duration(to: .now) >= Self.long else { return true }
        Issue.record("round \(round): the sleep was not woken")
        return false
    }

    @Test("a sleep ends by itself")
    func ends() async {
        let control = ReconcilerControl()
        let clock = ContinuousClock()
        let took = await clock.measure { await control.sleep(for: .milliseconds(20)) }
        #expect(took >= .milliseconds(20))
        #expect(!control.isStopping)
    }

    @Test("a wake-up before a sleep ends that one, and only that one")
    func before() async {
        let control = ReconcilerControl()
        control.wake()
        control.wake()
        let clock = ContinuousClock()
        let began = ContinuousClock.now
        await control.sleep(for: Self.long)
        #expect(wasWoken(began, round: 0))
        let took = await clock.measure { await control.sleep(for: .milliseconds(20)) }
        #expect(took >= .milliseconds(20), "two wake-ups before a sleep are one")
    }

    @Test("no wake-up is lost, whenever it comes")
    func noneLost() async {
        let control = ReconcilerControl()
        for round in 0..<2000 {
            let began = ContinuousClock.now
            async let sleeping: Void = control.sleep(for: Self.long)
            if round % 3 == 0 { await Task.yield() }
            control.wake()
            await sleeping
            guard wasWoken(began, round: round) else { return }
        }
    }

    @Test("no wake-up from another thread is lost")
    func fromOutside() async {
        let control = ReconcilerControl()
        // Each sleep is answered by a wake-up that was asked for after the sleep before it.
        let (asks, asking) = AsyncStream<Void>.makeStream()
        let waker = Task.detached {
            for await _ in asks { control.wake() }
        }
        for round in 0..<2000 {
            let began = ContinuousClock.now
            asking.yield()
            await control.sleep(for: Self.long)
            guard wasWoken(began, round: round) else { break }
        }
        asking.finish()
        await waker.value
    }

    @Test("stopping ends the sleep in hand and every later one")
    func stop() async {
        for round in 0..<200 {
            let control = ReconcilerControl()
            let began = ContinuousClock.now
            async let sleeping: Void = control.sleep(for: Self.long)
            if round % 2 == 0 { await Task.yield() }
            control.stop()
            await sleeping
            #expect(control.isStopping)
            await control.sleep(for: Self.long)
            await control.sleep(for: Self.long)
            guard wasWoken(began, round: round) else { return }
        }
    }

    @Test("sleeps that end at the moment of a wake-up do no harm")
    func race() async {
        let control = ReconcilerControl()
        for _ in 0..<300 {
            async let sleeping: Void = control.sleep(for: .microseconds(50))
            control.wake()
            await sleeping
        }
        control.stop()
        await control.sleep(for: Self.long)
    }

    @Test("a new configuration wakes, and is taken once")
    func reload() async {
        let control = ReconcilerControl()
        #expect(control.takeConfiguration() == nil)
        var configuration = ReconcilerConfiguration(
            connection: ConnectionOptions(endpoint: .unix(path: "/nowhere")),
            names: KeyNames(),
            desired: Desired(target: .version(1))
        )
        control.reload(configuration)
        configuration.desired.target = .version(2)
        control.reload(configuration)
        await control.sleep(for: Self.long)
        #expect(control.takeConfiguration()?.desired.target == .version(2))
        #expect(control.takeConfiguration() == nil)
    }
}
