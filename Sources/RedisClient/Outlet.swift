import Glibc
import Synchronization

/// Does on a thread of its own what may block for as long as somebody else likes: a write to a pipe that nobody empties, a
/// datagram to a socket that nobody reads, a file on a file system that hangs.
///
/// Whoever hands something over goes on at once. What is handed over is done in order; while too much waits, what comes is
/// dropped and counted, and once there is room again the count is told, in the place of what is missing.
public final class Outlet: Sendable {
    private struct Item {
        var key: String?
        var cost: Int
        var work: @Sendable () -> Void
    }

    private struct State {
        var items: [Item] = []
        var cost = 0
        var isWorking = false
        var isStarted = false
        /// From the first item that is dropped until half of the rest is done: else each one that is done would let one in,
        /// with a count before it.
        var isDropping = false
        var dropped = 0
        var done = 0
    }

    private let name: String
    private let capacity: Int
    private let costLimit: Int
    private let tell: (@Sendable (Int) -> Void)?
    private let state = Mutex(State())
    private let wakeUp = Semaphore()

    /// An outlet that lets so many items wait, which together cost no more than the limit; `tell` is called, on its thread,
    /// with how many were dropped.
    public init(
        name: String,
        capacity: Int,
        costLimit: Int = .max,
        tell: (@Sendable (_ dropped: Int) -> Void)? = nil
    ) {
        self.name = name
        self.capacity = capacity
        self.costLimit = costLimit
        self.tell = tell
    }

    /// Hands work over; false when it is dropped.
    ///
    /// With a key it takes the place of what waits under the same key: of several states only the last is worth telling.
    @discardableResult
    public func offer(
        replacing key: String? = nil,
        cost: Int = 0,
        _ work: @escaping @Sendable () -> Void
    ) -> Bool {
        guard start() else {
            // No thread is to be had: to block now and then is better than to say nothing at all.
            work()
            return true
        }
        let isTaken = state.withLock { state in
            var takesPlace = false
            if let key, let index = state.items.firstIndex(where: { $0.key == key }) {
                state.cost -= state.items.remove(at: index).cost
                takesPlace = true
            }
            if state.isDropping, state.items.count <= capacity / 2, state.cost <= costLimit / 2 {
                state.isDropping = false
            }
            guard takesPlace || !state.isDropping && hasRoom(for: cost, in: state) else {
                state.isDropping = true
                state.dropped += 1
                return false
            }
            if !state.isDropping, let note = takeNote(of: &state) { state.items.append(note) }
            add(Item(key: key, cost: cost, work: work), to: &state)
            return true
        }
        if isTaken { wakeUp.signal() }
        return isTaken
    }

    /// Hands over work that must not be dropped, and waits for room for it while the condition holds; false when it was not
    /// taken.
    public func insist(cost: Int = 0, while goesOn: () -> Bool, _ work: @escaping @Sendable () -> Void) -> Bool {
        guard start() else {
            work()
            return true
        }
        while true {
            let isTaken = state.withLock { state in
                guard hasRoom(for: cost, in: state) else { return false }
                if let note = takeNote(of: &state) { state.items.append(note) }
                add(Item(key: nil, cost: cost, work: work), to: &state)
                return true
            }
            if isTaken {
                wakeUp.signal()
                return true
            }
            guard goesOn() else { return false }
            usleep(Self.lookInterval)
        }
    }

    /// Waits until all that was handed over is done, or the condition does not hold any more; it is asked again and again,
    /// with the number of items that have been done so far.
    @discardableResult
    public func finish(while goesOn: (_ done: Int) -> Bool) -> Bool {
        while true {
            let (isDone, done) = state.withLock { ($0.items.isEmpty && !$0.isWorking, $0.done) }
            if isDone { return true }
            guard goesOn(done) else { return false }
            usleep(Self.lookInterval)
        }
    }

    /// Waits until all that was handed over is done, for so long at most.
    @discardableResult
    public func finish(within time: Duration) -> Bool {
        let deadline = Deadline(after: time)
        return finish { _ in !deadline.hasPassed }
    }

    /// Microseconds between two looks of somebody who waits.
    private static let lookInterval: UInt32 = 500

    /// One that costs more than all may is still let in when it is alone.
    private func hasRoom(for cost: Int, in state: State) -> Bool {
        state.items.isEmpty || state.items.count < capacity && state.cost + cost <= costLimit
    }

    private func add(_ item: Item, to state: inout State) {
        state.items.append(item)
        state.cost += item.cost
    }

    private func takeNote(of state: inout State) -> Item? {
        guard state.dropped > 0, let tell else { return nil }
        let count = state.dropped
        state.dropped = 0
        return Item(key: nil, cost: 0) { tell(count) }
    }

    /// Whether there is a thread.
    private func start() -> Bool {
        state.withLock { state in
            if !state.isStarted { state.isStarted = DetachedThread.start(name: name) { [self] in run() } }
            return state.isStarted
        }
    }

    /// Works for as long as the process lives.
    private func run() {
        while true {
            let item = state.withLock { state -> Item? in
                if state.items.isEmpty, let note = takeNote(of: &state) { state.items.append(note) }
                guard !state.items.isEmpty else { return nil }
                state.isWorking = true
                let item = state.items.removeFirst()
                state.cost -= item.cost
                return item
            }
            guard let item else {
                wakeUp.wait()
                continue
            }
            item.work()
            state.withLock {
                $0.isWorking = false
                $0.done += 1
            }
        }
    }
}
