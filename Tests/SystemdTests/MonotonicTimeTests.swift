import Glibc
import Testing

@testable import Systemd

@Suite("The monotonic clock")
struct MonotonicTimeTests {
    @Test("is the kernel's, in microseconds")
    func kernel() {
        let before = nanoseconds()
        let now = MonotonicTime.now.microseconds
        let after = nanoseconds()
        #expect((before / 1_000...after / 1_000).contains(now))
    }

    private func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
