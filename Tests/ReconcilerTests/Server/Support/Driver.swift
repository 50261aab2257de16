import MigrationKit
import Migrations
import RedisClient
import TestSupport
import Synchronization

@testable import Reconciler

/// A reconciler of `001_hash_tags` with every gate open, driven pass by pass.
struct Driver: Sendable {
    let reconciler: Reconciler
    let control = ReconcilerControl()
    let notes = Notes()
    private let configured: ReconcilerConfiguration

    init(
        _ bench: Bench,
        identity: HolderIdentity,
        through proxy: CommandProxy? = nil,
        desired: Desired = Driver.everything,
        lock: LockTimes = LockTimes(),
        registry: MigrationRegistry = MigrationRegistry([HashTags()])
    ) {
        configured = ReconcilerConfiguration(
            connection: bench.options(through: proxy, timeout: .seconds(5)),
            names: bench.names,
            lock: lock,
            limits: Limits(batchTime: .seconds(1)),
            desired: desired
        )
        reconciler = Reconciler(
            configuration: configured,
            registry: registry,
            identity: identity,
            reporter: notes,
            control: control
        )
    }

    /// To the newest version, cleanup included, without waiting for anybody.
    static let everything = Desired(
        target: .latest,
        gates: GatePolicy(cleanupNeedsApproval: false, soak: .zero)
    )

    /// Hands over the same configuration once more.
    func reload() { control.reload(configured) }

    /// Passes until nothing is left to do; gives the last result, whatever it is.
    @discardableResult
    func finish(passes: Int = 60) async -> Reconciler.PassResult {
        var result = await reconciler.pass()
        for _ in 0..<passes {
            if result.action == .converged(pending: nil) { break }
            if result.next > .zero { try? await Task.sleep(for: min(result.next, .milliseconds(20))) }
            result = await reconciler.pass()
        }
        await reconciler.close()
        return result
    }
}

/// What a reconciler told.
final class Notes: ReconcilerReporter {
    private let told = Mutex<[Event]>([])

    /// The events so far.
    var events: [Event] { told.withLock { $0 } }

    func decided(_ report: PassReport) {}
    func progressed(_ step: Step, _ progress: Progress, in report: PassReport) {}
    func happened(_ event: Event) { told.withLock { $0.append(event) } }
}
