import MigrationKit
import Reconciler

/// What is said while a lock that may be abandoned is watched.
enum LockWait {
    static func text(_ holder: LockHolder, _ patience: Duration) -> String {
        let renewed = holder.lastRenewal.map { ", last renewed \(Wording.duration($0)) ago" } ?? ""
        return "The migration lock is held by \(holder.words)\(renewed). Waiting: unless its holder renews it, it is "
            + "taken over in \(Wording.duration(patience)). Ctrl-C ends the wait; `migrateredis unlock` removes a lock whose "
            + "holder is dead."
    }
}
