import ArgumentParser
import MigrationKit
import Programs
import Reconciler
import RedisClient

/// Removes the migration lock, and stops its holder.
struct UnlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract:
            "Remove the migration lock; a living holder stops within one batch. Asks first, unless -force is given."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var answer: YesOption
    @OptionGroup var talk: QuietOption

    @Flag(name: .anyDash("force"), help: "Do not ask.")
    var force = false

    func run() async throws {
        try await options.withSession(saysYes: answer.yes, isQuiet: talk.quiet) { session in
            let locks = try await session.snapshotForOrder().locks
            guard locks.holder != nil || !locks.leftovers.isEmpty else {
                session.terminal.report("The migration lock is free.")
                return
            }
            if let holder = locks.own.holder {
                session.terminal.say("The migration lock is held by \(holder.words).")
                session.terminal.say(life(of: locks.own, session))
            }
            for lock in locks.outpost { if let holder = lock.lockHolder { say(holder, session) } }
            for lock in locks.leftovers {
                let name = KeyText.escaped(lock.key)
                session.terminal.say(
                    "Outpost's lock \(name) was left behind by a program of ours that no longer holds its own."
                )
            }
            guard try await session.confirms("Remove it?", unless: force) else {
                session.terminal.say("The lock stays.")
                throw ExitStatus.failed.code
            }
            guard try await session.locksmith().unlock(locks, by: Person.current, on: session.keyspace) else {
                session.terminal.say("The lock changed hands meanwhile; nothing was done. Look again.")
                throw ExitStatus.temporary.code
            }
            let after =
                locks.holder?.isForeign == false
                ? "its holder stops within one batch." : "whether its holder notices cannot be told from here."
            session.terminal.report("The migration lock is removed; \(after)")
        }
    }

    /// A lock that another tool holds beside ours, or alone.
    private func say(_ holder: LockHolder, _ session: Session) {
        let end = holder.timeToLive.map { "it expires in \(Wording.duration($0))" } ?? "it does not expire"
        session.terminal.say("The migration lock is held by \(holder.words); \(end).")
        session.terminal.say("It belongs to another tool; whether that is at work cannot be told from here.")
    }

    /// Whether the holder lives can be told only of processes of this boot and namespace.
    private func life(of lock: LockReading, _ session: Session) -> String {
        let identity = session.locksmith().identity
        guard case .ours(let record, _, let left) = lock else {
            return "It belongs to another tool; whether that is at work cannot be told from here."
        }
        let renewed = left.map { "\((record.ttl - $0.milliseconds) / 1000) s ago" } ?? "never"
        switch LockWatch.life(of: record, seenBy: identity) {
        case .alive: return "Its process \(record.pid) is alive on this host; the lock was last renewed \(renewed)."
        case .dead: return "Its process \(record.pid) on this host is dead."
        case .elsewhereOnHost:
            return "It runs on this host in another container, and cannot be seen from here; its lock was last renewed "
                + "\(renewed)."
        case .otherHost: return "It runs on another host; its lock was last renewed \(renewed)."
        }
    }
}
