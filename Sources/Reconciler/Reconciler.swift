import MigrationKit
import RedisClient

/// Makes the keyspace follow the configuration: a pass looks, decides one step, does it, reports, and forgets.
public actor Reconciler {
    private var configuration: ReconcilerConfiguration
    private let registry: MigrationRegistry
    private let identity: HolderIdentity
    private let reporter: any ReconcilerReporter
    private let control: ReconcilerControl

    private var keyspace: (any Keyspace)?
    private var lockWatch = LockWatch()
    private var highWater: HighWater
    /// What was kept last for the next process.
    private var kept: SeenKeyspace?
    private var regression: String?
    private var retries = RetryMemory()
    private var retried: Set<String> = []
    private var listener: Listener?
    /// The server of the last look.
    private var lastServer: ServerIdentity?
    private var followsCatchUp = false
    private var followed: Set<String> = []
    private var backoff = Backoff()
    private var hasLookFailed = false
    private var conditions: [Condition] = []
    private var lastAction: Action?
    /// What a person has to settle, by the last look.
    public private(set) var held: HeldBack?
    /// What was told of that last.
    private var toldOfHeld: HeldBack?
    private let announcer: Announcer?
    /// What keeps telling while it waits.
    private var news: Task<Void, Never>?
    private var longWait = LongWait()
    private var hasReplicas = true
    /// What was seen of a keyspace on which nobody has worked.
    private var untouched: SchemaSnapshot?
    /// The lock that was found at the last look and may be abandoned, with how long until it counts as such.
    public private(set) var watchedLock: (holder: LockHolder, patience: Duration)?

    /// A reconciler that has seen nothing yet.
    public init(
        configuration: ReconcilerConfiguration,
        registry: MigrationRegistry,
        identity: HolderIdentity,
        reporter: any ReconcilerReporter,
        control: ReconcilerControl
    ) {
        self.configuration = configuration
        self.registry = registry
        self.identity = identity
        self.reporter = reporter
        self.control = control
        kept = configuration.memory?.load()
        highWater = HighWater(kept)
        announcer = configuration.announces.map { Announcer($0, as: identity) }
    }

    /// What became of one pass.
    public struct PassResult: Sendable {
        /// What was decided.
        public var action: Action
        /// Why the step failed, if it did.
        public var failure: String?
        /// Whether the failure can pass by itself.
        public var failureIsTransient = false
        /// How long until the next pass.
        public var next: Duration
    }

    /// Looks, decides, acts and reports once; never throws, since what fails is tried again.
    public func pass() async -> PassResult {
        news?.cancel()
        let result = await lookAndAct()
        // A step that ended is followed by another look at once, and one whose look failed may wait for an answer for long. A
        // command tells of its steps alone: nobody asks for one that ends.
        let isHeard = !hasLookFailed || result.action.explanation.reason == .permissionDenied
        if configuration.announces == .daemon, result.next > .zero, isHeard, let keyspace, await !keyspace.isClosed {
            news = announcer?.keepAnnouncing(until: .now + result.next, in: store, on: keyspace)
        }
        return result
    }

    private func lookAndAct() async -> PassResult {
        await takeNewConfiguration()
        hasLookFailed = false
        let observation: Observation
        do {
            observation = try await observe()
        } catch {
            hasLookFailed = true
            return lookFailed(error)
        }
        let action = decide(observation, configuration.desired)
        let target = configuration.desired.target(in: observation)
        let report = report(action, version: try? observation.version.get(), target: target)
        if case .wait(.notMaster, _, _) = action {
            // Behind the same name, or by the sentinels' word, there may be another master by the next look.
            await close()
            return PassResult(action: action, next: backoff.next(jitter: .random(in: -1...1)))
        }
        guard case .run(let step) = action else {
            followed = []
            backoff.reset()
            return PassResult(action: action, next: pause(after: action))
        }
        let concern = StepOrders.Concern(step, observation, configuration.desired)
        return await perform(step, report, StepOrders(concern, store: store))
    }

    private var store: SchemaStore { SchemaStore(names: configuration.names) }

    /// Takes back what this process has told of itself, where that takes no time.
    public func withdraw() async {
        news?.cancel()
        guard let announcer, !hasLookFailed, let keyspace, await !keyspace.isClosed else { return }
        await announcer.withdraw(in: store, on: keyspace)
    }

    /// How long until the next look, with jitter; whoever waits for a lock looks often enough to see it abandoned.
    private func pause(after action: Action) -> Duration {
        var pause = configuration.interval
        if case .wait(.lockHeld, _, _) = action { pause = min(pause, configuration.lock.staleAfter / 2) }
        return pause * (1 + 0.1 * Double.random(in: -1...1))
    }

    /// Closes the connection.
    public func close() async {
        listener?.task.cancel()
        listener = nil
        await keyspace?.close()
        keyspace = nil
    }

    /// Hears from now on when a person gives an order; on the server of the last look, and only once there.
    ///
    /// Another connection to the same server is no reason to subscribe anew: behind a proxy that closes what rests there is
    /// another one at each pass.
    public func listen() {
        guard let keyspace else { return }
        let source = Listener.Source(keyspace: ObjectIdentifier(keyspace as AnyObject), server: lastServer)
        if let listener, listener.hears(source, isCluster: keyspace.isCluster) { return }
        listener?.task.cancel()
        let control = control
        let channel = configuration.names.wake
        let isPausing = listener != nil && backoff.failures > 0
        let standing = WakeListener.Standing()
        let task = Task {
            await WakeListener.listen(to: channel, on: keyspace, isQuietAtFirst: isPausing, standing: standing) {
                control.heard($0)
            }
        }
        listener = Listener(task: task, source: source, standing: standing)
    }

    /// The task that hears orders, and where.
    private struct Listener {
        struct Source: Equatable {
            var keyspace: ObjectIdentifier
            var server: ServerIdentity?
        }

        let task: Task<Void, Never>
        let source: Source
        let standing: WakeListener.Standing

        /// Whether it hears what is said there: on the same connections, or, of one server, on its own.
        func hears(_ other: Source, isCluster: Bool) -> Bool {
            source.keyspace == other.keyspace
                || !isCluster && standing.hears && source.server != nil && source.server == other.server
        }
    }

    // MARK: Looking

    private func takeNewConfiguration() async {
        guard let new = control.takeConfiguration() else { return }
        // By the old names, on the old server: where it is told from now on may be elsewhere.
        await withdraw()
        configuration = new
        regression = nil
        kept = new.memory?.load()
        highWater = HighWater(kept)
        retries.arm()
        backoff.reset()
        lastAction = nil
        await close()
    }

    private func openKeyspace() async throws -> any Keyspace {
        if let keyspace, await !keyspace.isClosed {
            // A master that was cut off and replaced may answer for a while yet: what it is told then is lost.
            if configuration.connection.sentinels != nil { try? await keyspace.refresh() }
            if await !keyspace.isClosed { return keyspace }
        }
        let opened = try await configuration.connection.openKeyspace()
        keyspace = opened
        return opened
    }

    /// Looks; once more where the connection of the last pass turns out to be forgotten by the other side.
    private func snapshot() async throws -> SchemaSnapshot {
        let store = store
        let migrations = registry.migrations.map(\.name)
        let earlier = keyspace.map { ObjectIdentifier($0 as AnyObject) }
        let keyspace = try await openKeyspace()
        do {
            return try await store.snapshot(of: migrations, on: keyspace)
        } catch let error as RedisError where error.isUnanswered && ObjectIdentifier(keyspace as AnyObject) == earlier {
            // A look only reads; what it read before is read again.
            return try await store.snapshot(of: migrations, on: openKeyspace())
        }
    }

    private func observe() async throws -> Observation {
        let snapshot = try await snapshot()
        announcer?.looked(at: snapshot.time)
        lastServer = snapshot.server.identity
        let order = retries.look(at: snapshot)
        if order.isNew { backoff.reset() }
        if order.forgetsAll {
            regression = nil
            highWater = HighWater()
        }
        regression = highWater.regression(in: snapshot) ?? regression
        keepSeen()
        hasReplicas = snapshot.server.connectedReplicas.map { $0 > 0 } ?? true
        untouched = snapshot.isUntouched ? snapshot : nil
        var observation = Observation(snapshot, registry: registry, names: configuration.names)
        observation.lockedBy = holder(of: snapshot.locks)
        observation.regression = regression
        if let pause = snapshot.pause { control.stored(pause) } else { observation.pause = control.heardPause }
        held = HeldBack(observation)
        retried = order.retried
        observation.retried = retried
        observation.followsCatchUp = followsCatchUp
        observation.followed = followed
        return observation
    }

    /// Keeps for the next process what was seen; not what is there once something went backwards, or a restart would be
    /// enough to take that for right.
    private func keepSeen() {
        guard let memory = configuration.memory, regression == nil, highWater.seen != kept else { return }
        memory.save(highWater.seen)
        kept = highWater.seen
    }

    /// Who else holds the lock, unless it may be taken over.
    private func holder(of locks: Locks) -> LockHolder? {
        watchedLock = nil
        if case .ours(let record, _, let left) = locks.own {
            if record.token == identity.token { return locks.outpostHolder }
            if lockWatch.isStale(record, timeToLive: left, now: .now, identity: identity) { return locks.outpostHolder }
            let patience = lockWatch.patience(with: record, timeToLive: left, now: .now, identity: identity)
            if let patience, let holder = locks.own.holder { watchedLock = (holder, patience) }
        }
        return locks.holder
    }

    private func lookFailed(_ error: any Error) -> PassResult {
        let failure = Failure(error)
        announcer?.failed(failure.message)
        let action = Action.after(failedLook: error)
        _ = report(action, version: nil, target: configuration.desired.target.resolved(latest: registry.latest))
        return PassResult(
            action: action,
            failure: failure.message,
            failureIsTransient: failure.isTransient,
            next: backoff.next(jitter: .random(in: -1...1))
        )
    }

    // MARK: Acting

    private func perform(_ step: Step, _ report: PassReport, _ orders: StepOrders) async -> PassResult {
        let began = ContinuousClock.now
        control.follow(orders)
        defer {
            control.follow(nil)
            control.govern(nil)
        }
        do {
            let result = try await run(step, report, orders)
            // A step that ended has written the state under its epoch.
            if let epoch = result.epoch { highWater.note(step.migration, epoch: epoch, raisedTo: result.raisedTo) }
            switch result.outcome {
            case .superseded:
                // Another holder was faster; a short wait keeps two of them from racing.
                return PassResult(action: .run(step), next: .milliseconds(100))
            case .done(let detail):
                backoff.reset()
                longWait = LongWait()
                followsCatchUp = step.kind == .catchUp
                if followsCatchUp { followed.insert(step.migration) } else { followed = [] }
                reporter.happened(
                    Event(
                        .stepFinished,
                        [
                            .migration: step.migration, .phase: step.kind.rawValue, .detail: detail,
                            .duration: Wording.duration(began.duration(to: .now)),
                        ]
                    )
                )
                return PassResult(action: .run(step), next: .zero)
            case .invalid(let problems, let hasConflicts):
                return failed(step, Failure(invalid: problems, hasConflicts: hasConflicts), report)
            }
        } catch {
            return failed(step, Failure(error), report)
        }
    }

    private func failed(_ step: Step, _ failure: Failure, _ before: PassReport) -> PassResult {
        var wait = backoff.next(jitter: .random(in: -1...1))
        if !failure.isTransient { wait = Backoff.longest }
        // A failed state stalls by itself, and a lock that was taken meanwhile is waited for: the next pass says so.
        if failure.isInterruption || failure.hasConflicts { wait = .zero }
        if failure.reason == .lockHeld { wait = .milliseconds(100) }
        let isWorthALine = !failure.isInterruption && failure.reason != .lockHeld
        if isWorthALine {
            tell(of: failure, in: step, retryIn: wait)
            announcer?.failed("\(step.migration) \(step.kind.rawValue): \(failure.message)")
        }
        let text = "\(step.migration) \(step.activity): \(failure.message)"
        let stands: Action =
            failure.isTransient
            ? .wait(failure.reason, text, migration: step.migration)
            : .stall(failure.reason, text, migration: step.migration)
        if isWorthALine, !failure.hasConflicts {
            lastAction = nil
            _ = report(stands, version: before.version, target: before.target)
        }
        return PassResult(
            action: failure.isTransient || failure.hasConflicts ? .run(step) : stands,
            failure: failure.message,
            failureIsTransient: failure.isTransient,
            next: wait
        )
    }

    /// What only a person can settle is never only a number in a line that says that a step is done.
    private func tellOfHeld() {
        defer { toldOfHeld = held }
        guard let held, held != toldOfHeld else { return }
        reporter.happened(Event(.keysHeld, [.migration: held.migration, .detail: held.reasons]))
    }

    private func tell(of failure: Failure, in step: Step, retryIn wait: Duration) {
        reporter.happened(
            Event(
                .stepFailed,
                [
                    .migration: step.migration, .phase: step.kind.rawValue, .detail: failure.message,
                    .reason: failure.reason.rawValue, .retryIn: Wording.duration(wait),
                ]
            )
        )
    }

    private struct StepResult: Sendable {
        var outcome: StepOutcome
        /// The epoch under which the state was written; nil if it was not.
        var epoch: UInt64?
        /// The version, if it was raised.
        var raisedTo: Int?
    }

    private enum StepOutcome: Sendable {
        case done(String)
        case superseded
        case invalid([String], hasConflicts: Bool)
    }

    private func run(_ step: Step, _ report: PassReport, _ orders: StepOrders) async throws -> StepResult {
        let keyspace = try await openKeyspace()
        let looks = orders.watch(on: keyspace)
        defer { looks.cancel() }
        let news = announcer?.keepAnnouncing(in: store, on: keyspace)
        defer { news?.cancel() }
        let migration = try registry.migration(named: step.migration)
        let runner = runner(on: keyspace, step, report, orders)
        let locksmith = Locksmith(names: configuration.names, identity: identity, times: configuration.lock)
        let desired = configuration.desired
        let again = ObservationAgain(
            registry: registry,
            names: configuration.names,
            desired: desired,
            retried: retried,
            followsCatchUp: followsCatchUp,
            followed: followed
        )
        // A plan writes nothing and needs no lock while it looks.
        let reporter = reporter
        let tellStart: @Sendable (Approval?) -> Void = { approval in
            let facts: [Event.Fact: String] = [.migration: step.migration, .phase: step.kind.rawValue]
            reporter.happened(Event(.stepStarted, facts.merging(approval?.facts ?? [:]) { $1 }))
        }
        if step.kind.needsEveryCommand(isRaised: (report.version ?? 0) >= migration.version) {
            try await CommandSurvey.run(configuration.names, hasReplicas: hasReplicas, on: keyspace).require()
        }
        if let doubt = try await untouched?.placeDoubt(
            registry,
            configuration.names,
            on: keyspace,
            shouldStop: { [control] in control.isStopping }
        ) {
            reporter.happened(Event(.placeDoubted, [.migration: step.migration, .detail: doubt]))
        }
        if step.kind == .plan { tellStart(nil) }
        let plan = step.kind == .plan ? try await runner.plan(migration) : nil
        var watch = lockWatch
        defer { lockWatch = watch }
        var epoch: UInt64?
        let outcome: StepOutcome = try await locksmith.withLease(on: keyspace, for: step.migration, watch: &watch) {
            lease in
            if let takeover = lease.takeover { reporter.happened(takeover) }
            guard let approved = try await again.due(step, on: keyspace) else { return .superseded }
            epoch = lease.epoch.number
            var runner = runner
            runner.approval = approved.opening(step)
            if step.kind != .plan { tellStart(runner.approval) }
            switch step.kind {
            case .plan:
                guard let plan else { return .superseded }
                let state = try await runner.record(plan, of: migration, under: lease)
                return .done("\(Wording.keys(state.scope?.total ?? 0)) to move")
            case .apply, .catchUp:
                let state = try await runner.apply(migration, under: lease)
                return .done(
                    "\(Wording.number(state.report?.written ?? 0)) written, \(Wording.number(state.held?.total ?? 0)) held"
                )
            case .verify:
                let result = try await runner.verify(migration, under: lease)
                guard result.isValid else {
                    return .invalid(result.problems, hasConflicts: result.hasConflicts)
                }
                if report.version == migration.version - 1 {
                    reporter.happened(
                        Event(
                            .versionRaised,
                            [.migration: step.migration, .schemaVersion: String(migration.version)]
                        )
                    )
                }
                return .done("\(Wording.number(result.report.compared)) compared")
            case .cleanup:
                let result = try await runner.cleanup(migration, under: lease) { state in
                    approved.cleanupGate(of: state)
                }
                return .done(
                    "\(Wording.keys(result.removed, "old")) removed, \(Wording.number(result.held.total)) kept"
                )
            case .skip:
                guard case .notApplicable(let reason) = migration.applicability(in: lease.names) else {
                    return .superseded
                }
                try await runner.skip(migration, reason: reason, under: lease)
                reporter.happened(
                    Event(.versionRaised, [.migration: step.migration, .schemaVersion: String(migration.version)])
                )
                return .done(reason)
            case .adopt:
                guard let version = try await runner.adoptVersion(for: migration, under: lease) else {
                    return .superseded
                }
                reporter.happened(
                    Event(.versionAdopted, [.migration: step.migration, .schemaVersion: String(version)])
                )
                return .done("schema version \(version), to which Outpost's own migrators had raised the keyspace")
            case .record:
                // Not the state is written under this epoch.
                epoch = nil
                let count = try await runner.keepRecords(under: lease)
                return count > 0 ? .done("\(Wording.number(count)) of Outpost's records written") : .superseded
            }
        }
        if step.kind == .adopt, case .done = outcome {
            return StepResult(outcome: outcome, epoch: nil, raisedTo: nil)
        }
        var raises = step.kind == .skip || step.kind == .verify && report.version == migration.version - 1
        if case .invalid = outcome { raises = false }
        return StepResult(outcome: outcome, epoch: epoch, raisedTo: raises ? migration.version : nil)
    }

    private func runner(
        on keyspace: any Keyspace,
        _ step: Step,
        _ report: PassReport,
        _ orders: StepOrders
    ) -> PhaseRunner {
        let reporter = reporter
        let control = control
        let announcer = announcer
        let limits = LiveLimits(configuration.limits)
        control.govern(limits)
        return PhaseRunner(
            store: store,
            keyspace: keyspace,
            registry: registry,
            limits: limits,
            progress: { progress in
                reporter.progressed(step, progress, in: report)
                announcer?.progressed(progress)
            },
            shouldStop: { control.isStopping || orders.objection != nil }
        )
    }

    // MARK: Reporting

    /// Reports a decision; the same one again is no event.
    private func report(_ action: Action, version: Int?, target: Int) -> PassReport {
        conditions = Condition.all(of: action, held: held, previous: conditions, at: .now)
        let report = PassReport(action: action, version: version, target: target, conditions: conditions, held: held)
        reporter.decided(report)
        tellOfHeld()
        announcer?.decided(action)
        if action.isNews(after: lastAction), let event = event(for: action, report) { reporter.happened(event) }
        lastAction = action
        if let wait = longWait.note(action, at: .now), var event = event(for: action, report) {
            event.kind = .waitingLong
            event.facts[.duration] = Wording.duration(wait)
            reporter.happened(event)
        }
        return report
    }

    private func event(for action: Action, _ report: PassReport) -> Event? {
        let (reason, message) = action.explanation
        var facts: [Event.Fact: String] = [
            .reason: reason.rawValue, .detail: message, .targetVersion: String(report.target),
        ]
        if let version = report.version { facts[.schemaVersion] = String(version) }
        facts[.migration] = action.migration
        switch action {
        case .run: return nil
        case .wait: return Event(.waiting, facts)
        case .stall: return Event(.stalled, facts)
        case .converged: return Event(.converged, facts)
        }
    }
}
