import Foundation
import RedisClient
import Synchronization

/// Counts the commands of one or more proxies, and says what is to go wrong at which of them.
public final class FaultSchedule: Sendable {
    /// Told of each command before it is forwarded: its number, and its words.
    public typealias Hook = @Sendable (_ number: Int, _ words: [Bytes]) -> Void

    private struct State {
        var count = 0
        var mostPending = 0
        var isDown = false
        /// Whether a cut was counted that has not ended all connections yet.
        var isCutting = false
        var faults: [Int: ProxyFault.Effect] = [:]
        var happened: [ProxyFault] = []
        var hook: Hook?
        var onFault: (@Sendable () -> Void)?
        var held: [HeldCommands] = []
        var trace: [Bytes]?
        var proxies: [WeakProxy] = []
    }

    private struct WeakProxy {
        weak var proxy: CommandProxy?
    }

    private let state: Mutex<State>

    /// A schedule that begins to count at 1.
    public init(_ faults: [ProxyFault] = [], hook: Hook? = nil) {
        var state = State()
        state.hook = hook
        for fault in faults { state.faults[fault.number] = fault.effect }
        self.state = Mutex(state)
    }

    /// Counts from 1 again, with other faults; whoever was cut off gets in again. What was held is thrown away.
    ///
    /// `onFault` runs just before a fault happens.
    public func rearm(
        _ faults: [ProxyFault] = [],
        hook: Hook? = nil,
        onFault: (@Sendable () -> Void)? = nil
    ) {
        let held = state.withLock { state in
            let held = state.held
            let proxies = state.proxies
            state = State()
            state.proxies = proxies
            state.hook = hook
            state.onFault = onFault
            for fault in faults { state.faults[fault.number] = fault.effect }
            return held
        }
        for commands in held { commands.discard() }
    }

    /// Counts from 1 again, without faults, and remembers the beginning of each command for ``trace``.
    public func beginTrace() {
        rearm()
        state.withLock { $0.trace = [] }
    }

    /// Every command since ``beginTrace()``: its first two words, cut to what tells commands apart.
    public var trace: [String] {
        // Reading them is left for afterwards: a holder in a cluster sends many thousands at once.
        (state.withLock { $0.trace } ?? []).map { start in
            let lines = String(decoding: start, as: UTF8.self).split(separator: "\r\n")
            return lines.dropFirst().enumerated().filter { !$0.offset.isMultiple(of: 2) }.prefix(2)
                .map { String($0.element) }.joined(separator: " ")
        }
    }

    /// How many commands have come so far.
    public var commandCount: Int { state.withLock { $0.count } }

    /// How many commands of one connection were under way at once, at most.
    public var longestPipeline: Int { state.withLock { $0.mostPending } }

    /// Whether every connection was cut and nobody gets in.
    public var isDown: Bool { state.withLock { $0.isDown } }

    /// The faults that have happened.
    public var happened: [ProxyFault] { state.withLock { $0.happened } }

    /// Lets everybody in again after a cut; the count goes on.
    ///
    /// A program that was killed with the cut may be gone before the proxy's thread has ended the last connection.
    public func heal() {
        let deadline = ContinuousClock.now + .seconds(5)
        while state.withLock({ $0.isCutting }), ContinuousClock.now < deadline { usleep(200) }
        state.withLock { $0.isDown = false }
    }

    /// Ends all connections of all proxies, and lets nobody in until ``heal()``.
    public func cut() {
        let proxies = state.withLock { state in
            state.isDown = true
            return state.proxies.compactMap(\.proxy)
        }
        for proxy in proxies { proxy.endConnections() }
        state.withLock { $0.isCutting = false }
    }

    /// Ends all connections of all proxies; whoever comes anew gets in.
    public func interrupt() {
        for proxy in state.withLock({ $0.proxies.compactMap(\.proxy) }) { proxy.endConnections() }
    }

    /// Sends what was held to its server now, and waits for the replies: one text for each connection that was held.
    @discardableResult
    public func deliverHeld() -> [String] {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        return held.map { $0.deliver() }
    }

    func register(_ proxy: CommandProxy) {
        state.withLock { state in
            state.proxies.removeAll { $0.proxy == nil }
            state.proxies.append(WeakProxy(proxy: proxy))
        }
    }

    /// Whether each command has to be forwarded before the next one is looked at.
    var hasHook: Bool { state.withLock { $0.hook != nil } }

    /// Counts one command, tells the hook of it, and gives what is to happen to it.
    func count(_ command: () -> Bytes, start: () -> Bytes) -> ProxyFault.Effect? {
        let (number, effect, hook, onFault) = state.withLock { state in
            state.count += 1
            let effect = state.faults[state.count]
            state.trace?.append(start())
            if let effect { state.happened.append(ProxyFault(at: state.count, effect)) }
            if effect == .cut { state.isCutting = true }
            return (state.count, effect, state.hook, effect == nil ? nil : state.onFault)
        }
        hook?(number, RESPScanner.arguments(of: command()))
        onFault?()
        return effect
    }

    func note(pending: Int) { state.withLock { $0.mostPending = max($0.mostPending, pending) } }

    func keep(_ commands: HeldCommands) { state.withLock { $0.held.append(commands) } }
}
