import Glibc
import Synchronization

/// A thread that runs one connection's jobs in order, so that its blocking polls never occupy the shared pool.
///
/// Ends when the last reference to it goes.
final class ConnectionThread: SerialExecutor {
    private let queue = JobQueue()

    init() throws {
        let argument = Unmanaged.passRetained(queue)
        var thread = pthread_t()
        let status = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            argument.toOpaque()
        )
        guard status == 0 else {
            argument.release()
            throw RedisError(
                .unreachable,
                "No thread for a connection: \(String(cString: strerror(status))).",
                outcome: .notExecuted
            )
        }
        pthread_detach(thread)
    }

    deinit {
        queue.close()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        // The closure holds the executor until its last job is done.
        let unowned = UnownedJob(job)
        queue.add { [self] in unowned.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }
}

/// Jobs in order of arrival, taken by one thread.
private final class JobQueue: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wakeUp = Semaphore()

    func add(_ job: @escaping @Sendable () -> Void) {
        state.withLock { $0.jobs.append(job) }
        wakeUp.signal()
    }

    func close() {
        state.withLock { $0.isClosed = true }
        wakeUp.signal()
    }

    func run() {
        while true {
            var (jobs, isClosed) = state.withLock { state in
                let taken = (state.jobs, state.isClosed)
                state.jobs = []
                return taken
            }
            if jobs.isEmpty {
                if isClosed { return }
                wakeUp.wait()
            }
            while !jobs.isEmpty { jobs.removeFirst()() }
        }
    }
}

/// A POSIX semaphore; `Mutex` has no condition to wait for.
private final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() {
        sem_post(semaphore)
    }

    func wait() {
        while sem_wait(semaphore) != 0 && errno == EINTR {}
    }
}
