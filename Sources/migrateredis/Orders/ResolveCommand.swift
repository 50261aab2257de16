import ArgumentParser
import MigrationKit
import Programs
import Reconciler
import RedisClient

/// Settles what a migration holds back.
struct ResolveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Settle keys that are held back: keep the source (the old key) or the destination (the new one).",
        discussion: """
            Keys are written as `status --held` shows them, the old name or the new one. Keeping the source copies it over \
            the new key. Keeping the destination notes it as it is; the old key then counts as copied, and cleanup removes \
            it. What choosing a side does not settle is named with the way out, exit 1. Then daemons try again, as after \
            `retry`. It works while all work is paused.
            """
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var answer: YesOption
    @OptionGroup var talk: QuietOption
    @OptionGroup var reasoning: ReasonOption

    @OptionGroup var option: MigrationOption

    @Argument(help: ArgumentHelp("The migration, unless -migration names it.", valueName: "name"))
    var name: String?

    @Argument(help: ArgumentHelp("The keys to settle.", valueName: "key"))
    var otherKeys: [String] = []

    @Flag(name: .anyDash("force"), help: "Do not ask.")
    var force = false

    /// With -migration every argument is a key.
    private var migration: String? { option.migration ?? name }
    private var keys: [String] { (option.migration == nil ? [] : name.map { [$0] } ?? []) + otherKeys }

    @Option(
        name: .anyDash("keep"),
        help: ArgumentHelp("Which side is right: source or destination.", valueName: "side")
    )
    var keep: KeptSide

    @Flag(
        name: .anyDash("all"),
        help: "All keys that are held for the reason that --reason-is names."
    )
    var all = false

    @Option(
        name: .anyDash("reason-is"),
        help: ArgumentHelp("Only keys that are held for this reason, such as foreign.", valueName: "reason")
    )
    var reasonIs: String?

    func validate() throws {
        guard migration != nil else { throw ValidationError("Which migration, and which of its keys?") }
        guard all == keys.isEmpty else {
            throw ValidationError(all ? "Name keys or give --all, not both." : "Which keys? Name them, or give --all.")
        }
        guard !all || reasonIs != nil else {
            throw ValidationError("--all takes --reason-is, such as --reason-is foreign.")
        }
        if let reasonIs, !HeldReason.isSettledByChoice(reasonIs) {
            let wayOut = HeldReason.wayOut(of: reasonIs).map { ": \($0)" } ?? ""
            throw ValidationError("What is held as “\(reasonIs)” is not settled by choosing a side\(wayOut).")
        }
    }

    func run() async throws {
        let names = try keys.map { key in
            guard let name = KeyText.bytes(of: key) else {
                throw ValidationError("“\(key)” is no key as `status --held` writes them: a backslash is \\\\.")
            }
            return name
        }
        try await options.withSession(saysYes: answer.yes, isQuiet: talk.quiet) { session in
            let migration = try session.migration(named: migration)
            try await session.admit(.resolve, of: migration)
            let state = try await session.snapshot().state(of: migration.name)
            let count =
                all ? state?.held?.counts[reasonIs ?? ""].map { Wording.keys($0) } ?? "all keys" : ""
            let question = "Keep the \(keep.rawValue) of \(count) that \(migration.name) holds as \(reasonIs ?? "")?"
            guard try await session.confirms(question, unless: !all || force) else {
                session.terminal.say("Nothing was changed.")
                throw ExitStatus.failed.code
            }
            let order = reasoning.order
            let report = try await session.underLock(for: migration, .resolve, "settling") { lease, runner in
                try await runner.resolve(
                    all ? nil : names,
                    of: migration,
                    by: Resolution(keeping: keep.kept, reason: reasonIs),
                    order: order,
                    under: lease
                )
            }
            if report.written > 0 { try await askToRetry(migration, order, session) }
            try tell(report, of: migration, session)
        }
    }

    /// What changed is something to try again for.
    private func askToRetry(_ migration: any Migration, _ order: Override, _ session: Session) async throws {
        let order = RetryOrder(id: session.locksmith().identity.token, migration: migration.name, order: order)
        try await session.store.retry(order, on: session.keyspace)
    }

    private func tell(_ report: WalkReport, of migration: any Migration, _ session: Session) throws {
        session.terminal.report(
            "\(migration.name): \(Wording.number(report.written)) settled, the \(keep.rawValue) kept."
        )
        var unsettled = report.held
        // Of --all, what is held for other reasons was not asked about.
        if let reasonIs, all { unsettled.samples.removeAll { $0.reason != reasonIs } }
        for sample in unsettled.samples {
            let wayOut = HeldReason.wayOut(of: sample.reason) ?? "look at it"
            session.terminal.print("  \(sample.reason)  \(sample.text): \(wayOut)")
        }
        let others = all ? 0 : keys.count - report.written - unsettled.total
        if others == keys.count {
            for key in keys { session.terminal.print("\(KeyText.printable(key)) is not held by \(migration.name).") }
        } else if others > 0 {
            session.terminal.print(
                "\(Wording.number(others)) of the keys \(others == 1 ? "is" : "are") not held by \(migration.name)."
            )
        }
        let left = all ? unsettled.counts[reasonIs ?? ""] ?? 0 : unsettled.total
        if left > 0 || others > 0 { throw ExitStatus.failed.code }
    }
}

/// A side on the command line.
enum KeptSide: String, ExpressibleByArgument, CaseIterable {
    case source
    case destination

    var kept: Resolution.Kept {
        switch self {
        case .source: return .source
        case .destination: return .destination
        }
    }
}
