import Testing

@testable import Systemd

@Suite("The monotonic clock")
struct MonotonicTimeTests {
    @Test("goes forward in microseconds")
    func forward() async throws {
        let start = MonotonicTime.now
        let elapsed = try await SuspendingClock().measure { try await Task.sleep(for: .milliseconds(20)) }
        let passed = MonotonicTime.now.microseconds - start.microseconds
        #expect(passed >= 20_000)
        #expect(passed < 20_000 + 5_000_000 + UInt64(elapsed / .microseconds(1)))
    }
}
