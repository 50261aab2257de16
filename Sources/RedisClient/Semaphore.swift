import CLinux
import Glibc

/// A POSIX semaphore, for threads of connections; `Mutex` has no condition to wait for.
public final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    /// A semaphore that nobody has signalled.
    public init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Lets one thread go on: one that waits, or the next one that will.
    public func signal() {
        sem_post(semaphore)
    }

    /// Blocks until there is a signal, and takes it.
    public func wait() {
        while sem_wait(semaphore) != 0 && errno == EINTR {}
    }

    /// Blocks until there is a signal, and takes it, or for so many milliseconds at most.
    public func wait(atMost milliseconds: Int) {
        var end = timespec()
        // Not by the time of day, which may be set back by an hour.
        clock_gettime(CLOCK_MONOTONIC, &end)
        end.tv_sec += milliseconds / 1000
        end.tv_nsec += (milliseconds % 1000) * 1_000_000
        if end.tv_nsec >= 1_000_000_000 {
            end.tv_sec += 1
            end.tv_nsec -= 1_000_000_000
        }
        _ = clinux_wait(semaphore, CLOCK_MONOTONIC, &end)
    }
}
