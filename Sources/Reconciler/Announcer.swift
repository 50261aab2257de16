import MigrationKit
import RedisClient
import Synchronization

/// Tells in Redis what this process does, and keeps that true: a `DaemonRecord` under its name.
///
/// It is written when what it says has changed, before it would be believed no more, and every few seconds while a step
/// runs. That it cannot be written is nobody's trouble: the work does not depend on it, and the next attempt may succeed.
public final class Announcer: Sendable {
    /// Who tells, and as what.
    private let identity: HolderIdentity
    private let kind: DaemonRecord.Kind
    private let state: Mutex<State>

    private struct State {
        var action: Action?
        var since: Timestamp?
        var failure: DaemonRecord.Failure?
        var meter = ProgressMeter()
        var progress: DaemonRecord.StepProgress?
        var walk = 1
        /// The server's clock, at a moment of ours.
        var clock: (time: Timestamp, at: ContinuousClock.Instant)?
        /// When the next look is; nil while a step runs.
        var next: ContinuousClock.Instant?
        var written: DaemonRecord?
        var isWriting = false
        var isDue = false
        var writes = 0

        var now: Timestamp {
            guard let clock else { return .now }
            return Timestamp(milliseconds: clock.time.milliseconds + clock.at.duration(to: .now).milliseconds)
        }
    }

    /// The time between two records while a step runs.
    private static let pace = Duration.seconds(5)
    /// The same while it waits: below what proxies and servers allow a connection to rest.
    private static let restingPace = Duration.seconds(20)
    /// How long a record is believed: some attempts to renew it may fail.
    private static let belief = Duration.seconds(60)
    /// How many records are written between two looks for those that others left.
    private static let writesPerTidying = 100

    /// An announcer that has told nothing yet.
    public init(_ kind: DaemonRecord.Kind, as identity: HolderIdentity) {
        self.kind = kind
        self.identity = identity
        state = Mutex(State())
    }

    /// Notes the server's clock.
    func looked(at time: Timestamp) {
        state.withLock { $0.clock = (time, .now) }
    }

    /// Notes what is done from now on.
    public func decided(_ action: Action) {
        state.withLock { state in
            guard state.action?.isSameWork(as: action) != true else {
                state.action = action
                return
            }
            state.action = action
            state.since = state.now
            state.progress = nil
            state.meter = ProgressMeter()
            state.walk = 1
        }
    }

    /// Notes a failure.
    func failed(_ message: String) {
        state.withLock { $0.failure = DaemonRecord.Failure(at: $0.now, message: String(message.prefix(1000))) }
    }

    /// Notes how far the step is.
    public func progressed(_ progress: Progress) {
        state.withLock { state in
            if progress.processedItems < state.progress?.processed ?? 0 { state.walk += 1 }
            let elapsed = state.meter.elapsed(at: progress).milliseconds
            let isMeasured = elapsed > 200 && progress.processedItems > 0
            state.progress = DaemonRecord.StepProgress(
                processed: progress.processedItems,
                total: progress.totalItems,
                walk: state.walk,
                perSecond: isMeasured ? progress.processedItems * 1000 / Int(elapsed) : 0
            )
        }
    }

    /// Writes the record unless it stands and is believed for a while yet; with when the next look is, nil while a step runs.
    public func announce(next: ContinuousClock.Instant? = nil, in store: SchemaStore, on keyspace: any Keyspace) async {
        let isFree = state.withLock { state in
            state.next = next
            state.isDue = true
            defer { state.isWriting = true }
            return !state.isWriting
        }
        // Whoever writes now goes on until the latest is written: an older record must not come after a newer one.
        guard isFree else { return }
        while let (record, tidies) = takeDue() {
            do {
                try await store.announce(record, on: keyspace)
                state.withLock { $0.written = record }
                if tidies { try await store.forgetDaemons(at: record.at, on: keyspace) }
            } catch {
                state.withLock { $0.written = nil }
            }
        }
    }

    /// Keeps the record true until the task is cancelled: every few seconds while a step runs, less often while it waits.
    public func keepAnnouncing(
        until next: ContinuousClock.Instant? = nil,
        in store: SchemaStore,
        on keyspace: any Keyspace
    ) -> Task<Void, Never> {
        Task {
            // What a command does within that nobody asks for.
            if kind == .command { try? await Task.sleep(for: Self.pace) }
            while !Task.isCancelled {
                await announce(next: next, in: store, on: keyspace)
                try? await Task.sleep(for: next == nil ? Self.pace : Self.restingPace)
            }
        }
    }

    /// Removes the record: this process ends as it should.
    public func withdraw(in store: SchemaStore, on keyspace: any Keyspace) async {
        // What is being written at this moment was sent before this is.
        let hasTold = state.withLock { state in
            state.action = nil
            return state.writes > 0
        }
        guard hasTold else { return }
        try? await store.withdraw(identity.holder, on: keyspace)
        state.withLock { $0.written = nil }
    }

    /// The record to write next; nil ends the writing.
    private func takeDue() -> (DaemonRecord, tidies: Bool)? {
        state.withLock { state in
            var isOver = true
            defer { state.isWriting = !isOver }
            guard state.isDue, let action = state.action else { return nil }
            state.isDue = false
            let record = Self.record(action, state, kind, identity)
            if let written = state.written, record.says(written) {
                if record.at.duration(to: written.until) > Self.belief - Self.restingPace { return nil }
            }
            isOver = false
            state.writes += 1
            return (record, state.writes % Self.writesPerTidying == 1)
        }
    }

    private static func record(
        _ action: Action,
        _ state: State,
        _ kind: DaemonRecord.Kind,
        _ identity: HolderIdentity
    ) -> DaemonRecord {
        let now = state.now
        let (reason, message) = action.explanation
        var record = DaemonRecord(
            kind: kind,
            holder: identity.holder,
            version: identity.version,
            at: now,
            until: Timestamp(milliseconds: now.milliseconds + belief.milliseconds),
            action: action.word,
            reason: reason.rawValue,
            message: String(message.prefix(2000)),
            since: state.since ?? now
        )
        record.migration = action.migration
        record.failure = state.failure
        record.next = state.next.map {
            Timestamp(milliseconds: now.milliseconds + max(0, ContinuousClock.now.duration(to: $0).milliseconds))
        }
        if case .run = action { record.progress = state.progress }
        return record
    }
}

extension Action {
    /// The action as one word: a step, or `wait`, `stall`, `none`.
    public var word: String {
        switch self {
        case .run(let step): return step.kind.rawValue
        case .wait: return "wait"
        case .stall: return "stall"
        case .converged: return "none"
        }
    }

    /// Whether it is worth a line after another one: of what is left to wait for only the time has changed otherwise.
    func isNews(after last: Action?) -> Bool {
        if case .converged(let pending?) = self, case .converged(let before?)? = last {
            return pending.reason != before.reason || pending.migration != before.migration
        }
        return self != last
    }

    /// Whether it goes on with what another one was about, whatever the sentence says.
    fileprivate func isSameWork(as other: Action) -> Bool {
        word == other.word && explanation.reason == other.explanation.reason && migration == other.migration
    }
}
