import RedisClient
import Synchronization

/// Lists pages while others are handled, so that a few are ready whenever one is done.
///
/// One task lists by `run`; another one takes.
final class PagesAhead<Lister: PageLister>: Sendable {
    typealias Page = WalkPage<Lister.Item>

    private struct State {
        /// The reader behind the last page that is ready.
        var reader: PageReader<Lister>
        var ready: [Page] = []
        /// How it ended; nil while there is more to list.
        var end: Result<Void, any Error>?
        var isStopped = false
        var whenThereIsRoom: CheckedContinuation<Void, Never>?
        var whenOneIsReady: CheckedContinuation<Void, Never>?
        /// How many threads block until something changes.
        var blocked = 0

        /// Whether another page is to be listed before it is wanted: one may take longer to list than another to handle, and
        /// those that are mixed are to be there together, unless their names are long.
        var hasRoom: Bool {
            if ready.count < 2 { return true }
            return ready.count < reader.mostPagesMixed
                && ready.reduce(0) { $0 + $1.nameBytes } < PagesAhead.mostNameBytes
        }
    }

    /// What the names of pages that wait to be mixed may take; each is kept twice, with its place in the walk.
    private static var mostNameBytes: Int { 2 << 20 }

    private let state: Mutex<State>
    private let change = Semaphore()

    /// The pages from where a reader is.
    init(_ reader: PageReader<Lister>) {
        state = Mutex(State(reader: reader))
    }

    /// The reader behind what was listed so far.
    var reader: PageReader<Lister> { state.withLock { $0.reader } }

    // MARK: Listing

    /// Lists until the end, an error, or `stop`.
    func run() async {
        while await waitForRoom() {
            do {
                let next = try await reader.next()
                wake { state in
                    guard let (page, behind) = next else { return state.end = .success(()) }
                    state.ready.append(page)
                    state.reader = behind
                }
            } catch {
                wake { $0.end = .failure(error) }
            }
        }
    }

    /// Ends `run` after the page that it is at.
    func stop() {
        wake { $0.isStopped = true }
    }

    /// Whether there is more to list, once there is room for it.
    private func waitForRoom() async -> Bool {
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                guard state.end == nil, !state.isStopped, !state.hasRoom else { return false }
                state.whenThereIsRoom = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
        return state.withLock { $0.end == nil && !$0.isStopped }
    }

    /// Changes the state, and wakes whoever waits for a change.
    private func wake<Result>(_ change: (inout State) -> Result) -> Result {
        let (result, waiting, blocked) = state.withLock { state in
            let result = change(&state)
            let waiting = [state.whenThereIsRoom, state.whenOneIsReady]
            let blocked = state.blocked
            (state.whenThereIsRoom, state.whenOneIsReady, state.blocked) = (nil, nil, 0)
            return (result, waiting, blocked)
        }
        for continuation in waiting { continuation?.resume() }
        for _ in 0..<blocked { self.change.signal() }
        return result
    }

    // MARK: Taking

    /// The next page if it is listed already, or several as one.
    func takeReady() -> Page? {
        guard state.withLock({ !$0.ready.isEmpty }) else { return nil }
        let pages = wake { state in
            let pages = state.ready.prefix(state.reader.mostPagesMixed)
            state.ready.removeFirst(pages.count)
            return pages
        }
        guard let last = pages.last else { return nil }
        return Page(listing: Listing(mixing: pages.map(\.listing)), cursors: last.cursors)
    }

    /// Blocks the calling thread until it is worth asking again, for a page or for what is left of one that another thread
    /// has taken; false at the end, and when the time is over.
    func waitForMore(until end: ContinuousClock.Instant) -> Bool {
        guard .now < end else { return false }
        let mustWait: Bool? = state.withLock { state in
            if !state.ready.isEmpty { return false }
            guard state.end == nil, !state.isStopped else { return nil }
            state.blocked += 1
            return true
        }
        guard let mustWait else { return false }
        if mustWait { change.wait(atMost: 1) }
        return true
    }

    /// The next page, once it is listed; nil at the end.
    ///
    /// Errors: what `run` has ended with.
    func next() async throws -> Page? {
        while true {
            if let page = takeReady() { return page }
            if let end = state.withLock({ $0.end }) {
                try end.get()
                return nil
            }
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.ready.isEmpty, state.end == nil, !state.isStopped else { return false }
                    state.whenOneIsReady = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }
}
