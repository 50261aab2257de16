import Testing

@testable import Reconciler

@Suite("Backing off")
struct BackoffTests {
    @Test("doubles from 1 s to 5 min and stays there")
    func doubles() {
        var backoff = Backoff()
        let waits = (0..<12).map { _ in backoff.next(jitter: 0) }
        #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map { Duration.seconds($0) })
        #expect(backoff.failures == 12)
        for _ in 0..<100_000 { _ = backoff.next(jitter: 0) }
        #expect(backoff.next(jitter: 0) == Backoff.longest)
    }

    @Test("begins anew after a success")
    func reset() {
        var backoff = Backoff()
        for _ in 0..<5 { _ = backoff.next(jitter: 0) }
        backoff.reset()
        #expect(backoff.failures == 0 && backoff.next(jitter: 0) == .seconds(1))
    }

    @Test("is moved by a fifth at most, whatever the jitter", arguments: [-9, -1, -0.5, 0, 0.5, 1, 9])
    func jitter(jitter: Double) {
        var backoff = Backoff()
        for plain in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] as [Double] {
            let wait = backoff.next(jitter: jitter)
            #expect(wait >= .seconds(plain * 0.799) && wait <= .seconds(plain * 1.201), "\(wait)")
        }
    }

    @Test("differs between two that fail at the same time")
    func differs() {
        var one = Backoff()
        var other = Backoff()
        #expect(one.next(jitter: -1) < other.next(jitter: 1))
    }
}
