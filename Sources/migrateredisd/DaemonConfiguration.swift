import Reconciler

/// All that the daemon is told from outside.
struct DaemonConfiguration: Sendable {
    /// The reconciler's part.
    var reconciler: ReconcilerConfiguration
    /// The file that metrics go to; nil for none.
    var metricsFile: String?
    /// The password that systemd handed over; nil where it does not hand over any.
    var credential: LoadedCredential?
}
