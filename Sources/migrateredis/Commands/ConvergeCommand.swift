import ArgumentParser
import MigrationKit
import Programs
import Reconciler
import Settings
import Synchronization

/// One run of the reconciler to the end, in the foreground.
struct ConvergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "converge",
        abstract: "Run all that is due, with progress; exit 75 when paused, gated or locked out, 1 when stalled."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var talk: QuietOption

    @Flag(name: .anyDash("force"), help: "Go on in a keyspace that is hardly the one that was meant.")
    var force = false

    @Option(
        name: .anyDash("target"),
        help: ArgumentHelp("The version wanted: latest or a number (default: schema.target).", valueName: "version")
    )
    var target: String?

    func run() async throws {
        let goal = try parsedTarget()
        try await options.withSession(isQuiet: talk.quiet) { session in
            if let goal, let pin = try await session.snapshot().pin.get(),
                pin.version != goal.resolved(latest: session.registry.latest)
            {
                session.terminal.say(
                    "Version \(pin.version) was pinned by \(pin.order.text); `migrateredis unpin` ends it."
                )
                throw ExitStatus.temporary.code
            }
            try await session.admitPlace(session.snapshot(), isForced: force)
            await session.keyspace.close()
            let control = ReconcilerControl()
            var configuration = session.wiring.reconciler(target: goal ?? session.target, clientName: "migrateredis")
            configuration.announces = .command
            let reconciler = Reconciler(
                configuration: configuration,
                registry: session.registry,
                identity: .current(instance: "", version: ProgramVersion.current, person: Person.current),
                reporter: TerminalReporter(terminal: session.terminal),
                control: control
            )
            let watcher = Task {
                while !Task.isCancelled {
                    if session.interruption.isRequested { control.stop() }
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
            defer { watcher.cancel() }
            let status = await Self.converge(reconciler, control: control, terminal: session.terminal)
            await reconciler.withdraw()
            await reconciler.close()
            if status != .done { throw status.code }
        }
    }

    private func parsedTarget() throws -> Target? {
        guard let target else { return nil }
        if target == "latest" { return .latest }
        guard let version = Int(target), version >= 0 else {
            throw ValidationError("--target takes “latest” or a version number, not “\(target)”.")
        }
        return .version(version)
    }

    private static func converge(
        _ reconciler: Reconciler,
        control: ReconcilerControl,
        terminal: Terminal
    ) async -> ExitStatus {
        var watches = false
        while true {
            let result = await reconciler.pass()
            if control.isStopping {
                terminal.say("Interrupted. Run it again to continue.")
                return .temporary
            }
            switch result.action {
            case .converged(let pending):
                if let held = await reconciler.held {
                    terminal.print("The version is the one wanted, but \(held.message)")
                    return .failed
                }
                terminal.report(pending.map { "Converged. \($0.message)" } ?? "Converged.")
                return .done
            case .stall(.permissionDenied, _, _): return .permission
            case .stall: return .failed
            case .wait(.redisUnreachable, _, _), .wait(.notMaster, _, _): return .unavailable
            case .wait(.newerSchema, _, _): return .failed
            case .wait(.lockHeld, _, _):
                // It may be abandoned: a daemon would find out, and so does this.
                guard let (holder, patience) = await reconciler.watchedLock else { return .temporary }
                if !watches { terminal.say(LockWait.text(holder, patience)) }
                watches = true
                await control.sleep(for: min(patience, .seconds(1)))
            case .wait: return .temporary
            case .run:
                guard result.failure == nil || result.failureIsTransient || result.next == .zero else { return .failed }
                await control.sleep(for: result.next)
            }
        }
    }
}

/// Tells a terminal what the reconciler does.
private final class TerminalReporter: ReconcilerReporter {
    let terminal: Terminal
    private let talk = Mutex(StrainTalk())

    init(terminal: Terminal) {
        self.terminal = terminal
    }

    func decided(_ report: PassReport) {}

    func progressed(_ step: Step, _ progress: Progress, in report: PassReport) {
        if let line = talk.withLock({ $0.line("\(step.migration) \(step.activity)", progress) }) {
            terminal.endLine()
            terminal.say(line)
        }
        terminal.redraw(StatusLine.text(report, progress: progress))
    }

    func happened(_ event: Event) {
        terminal.endLine()
        var parts = [event.kind.text]
        for fact in [Event.Fact.migration, .phase, .reason, .detail, .duration, .retryIn] {
            if let value = event.facts[fact] { parts.append(value) }
        }
        let line = parts.joined(separator: "  ")
        if event.kind.isRoutine { terminal.remark(line) } else { terminal.say(line) }
    }
}
