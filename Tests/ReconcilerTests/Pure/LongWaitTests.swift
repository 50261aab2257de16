import Testing

@testable import Reconciler

@Suite("A wait that lasts")
struct LongWaitTests {
    @Test("is told once after a minute, and again only after an end")
    func once() {
        let start = ContinuousClock.now
        let wait = Action.wait(.redisUnreachable, "no server")
        var long = LongWait()
        #expect(long.note(wait, at: start) == nil)
        #expect(long.note(.wait(.lockHeld, "held"), at: start + .seconds(60)) == nil)
        // Whatever it waits for by now.
        #expect(long.note(wait, at: start + .seconds(61)) == .seconds(61))
        #expect(long.note(wait, at: start + .seconds(600)) == nil)
        #expect(long.note(.run(Step(.apply, "001_hash_tags")), at: start + .seconds(601)) == nil)
        #expect(long.note(wait, at: start + .seconds(602)) == nil)
        #expect(long.note(.converged(pending: nil), at: start + .seconds(700)) == nil)
        #expect(long.note(wait, at: start + .seconds(701)) == nil)
        #expect(long.note(wait, at: start + .seconds(762)) == .seconds(61))
    }
}
