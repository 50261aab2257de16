import Glibc

/// A reading of CLOCK_MONOTONIC, the clock by which systemd orders a reload and what follows it.
struct MonotonicTime: Equatable, Sendable {
    /// Since an arbitrary point, usually the boot; the time spent suspended is not in it.
    let microseconds: UInt64

    static var now: MonotonicTime {
        var time = timespec()
        // The clock is there on every Linux, and the argument is ours: there is no failure to handle.
        _ = clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(microseconds: UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1_000)
    }
}
