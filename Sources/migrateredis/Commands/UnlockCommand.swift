import ArgumentParser
import MigrationKit
import Programs
import RedisClient

/// Removes the migration lock, and stops its holder.
struct UnlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract:
            "Remove the migration lock; a living holder stops within one batch. Asks first, unless -force is given."
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.withSession { session in
            let lock = try await session.snapshot().lock
            guard let holder = lock.holder else {
                session.terminal.print("The migration lock is free.")
                return
            }
            session.terminal.say("The migration lock is held by \(holder.words).")
            session.terminal.say(life(of: lock, session))
            guard options.force || session.terminal.confirms("Remove it?") else {
                session.terminal.say("The lock stays.")
                throw ExitStatus.failed.code
            }
            guard try await session.locksmith().unlock(lock, by: Person.current, on: session.keyspace) else {
                session.terminal.say("The lock changed hands meanwhile; nothing was done. Look again.")
                throw ExitStatus.temporary.code
            }
            let after =
                holder.isForeign
                ? "whether its holder notices cannot be told from here." : "its holder stops within one batch."
            session.terminal.print("The migration lock is removed; \(after)")
        }
    }

    /// Whether the holder lives can be told only of processes of this boot and namespace.
    private func life(of lock: LockReading, _ session: Session) -> String {
        let identity = session.locksmith().identity
        guard case .ours(let record, _, let left) = lock else {
            return "It belongs to another tool; whether that is at work cannot be told from here."
        }
        guard record.bootID == identity.bootID, record.pidNamespace == identity.processNamespace else {
            let renewed = left.map { (record.ttl - $0.milliseconds) / 1000 }
            return "It runs on another host; its lock was last renewed \(renewed.map { "\($0) s ago" } ?? "never")."
        }
        return LockWatch.processIsAlive(record.pid)
            ? "Its process \(record.pid) is alive on this host." : "Its process \(record.pid) on this host is dead."
    }
}
