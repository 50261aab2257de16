import Logging
import MigrationKit
import Reconciler
import Synchronization

/// Ends the daemon when the password that systemd handed over is older than the file that it came from.
///
/// systemd copies a credential when a service starts, and some versions also at a reload (252: before its second command).
/// Where it has not, the step in hand ends at its next safe point, and the next start has the new password.
final class PasswordRenewal: Sendable {
    private struct State {
        var credential: LoadedCredential?
        var isDue = false
    }

    private let state = Mutex(State())
    private let control: ReconcilerControl
    private let logger: Logger

    init(control: ReconcilerControl, logger: Logger) {
        self.control = control
        self.logger = logger
    }

    /// Whether the daemon ends for that reason.
    var isDue: Bool { state.withLock { $0.isDue } }

    /// Looks after this credential from now on; nil for none.
    func watch(_ credential: LoadedCredential?) {
        state.withLock { $0.credential = credential }
    }

    /// Looks in a moment whether it is outdated: after a reload, and when Redis refuses the password.
    ///
    /// Not at once: a service that ends before systemd has seen the end of a reload has failed to reload.
    func lookSoon() {
        Task {
            try? await Task.sleep(for: .seconds(2))
            look()
        }
    }

    private func look() {
        let isNew = state.withLock { state in
            guard !state.isDue, let credential = state.credential, credential.isOutdated else { return false }
            state.isDue = true
            return true
        }
        guard isNew else { return }
        logger.log(Event(.credentialChanged))
        control.stop()
    }
}
