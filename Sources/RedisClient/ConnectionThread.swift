import Synchronization

/// A thread that runs one connection's jobs in order, so that its blocking polls never occupy the shared pool.
///
/// Ends when the last reference to it goes, which may happen on the thread itself: in the release of its last job.
///
/// A task that asks the connection again and again may run on it as a whole: then nothing changes threads in between.
final class ConnectionThread: SerialExecutor, TaskExecutor {
    private let queue = JobQueue()

    init(name: String) throws {
        guard DetachedThread.start(name: name, { [queue] in queue.run() }) else {
            throw RedisError(.unreachable, "There is no thread for a connection.", outcome: .notExecuted)
        }
    }

    deinit {
        queue.close()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        // The closure holds the executor until its last job is done. So none is ever added behind `close`.
        let unowned = UnownedJob(job)
        queue.add { [self] in
            unowned.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    func asUnownedTaskExecutor() -> UnownedTaskExecutor {
        UnownedTaskExecutor(ordinary: self)
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

    /// Runs jobs until the queue is closed and empty. No lock is held meanwhile: a job may add another or end it all.
    func run() {
        while true {
            let (job, isClosed) = state.withLock { ($0.jobs.isEmpty ? nil : $0.jobs.removeFirst(), $0.isClosed) }
            if let job {
                job()
            } else if isClosed {
                return
            } else {
                wakeUp.wait()
            }
        }
    }
}
