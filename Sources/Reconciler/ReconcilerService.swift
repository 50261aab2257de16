import ServiceLifecycle

/// The loop around the passes, until it is asked to stop; an order that a person gives ends a wait.
public struct ReconcilerService: Service {
    private let reconciler: Reconciler
    private let control: ReconcilerControl
    private let waits: @Sendable (Duration) -> Void

    /// A loop; `waits` is told before each wait on purpose.
    public init(
        reconciler: Reconciler,
        control: ReconcilerControl,
        waits: @escaping @Sendable (Duration) -> Void = { _ in }
    ) {
        self.reconciler = reconciler
        self.control = control
        self.waits = waits
    }

    /// Passes until graceful shutdown; the step in hand ends at its next safe point.
    public func run() async throws {
        await withGracefulShutdownHandler {
            while !control.isStopping {
                let result = await reconciler.pass()
                await reconciler.listen()
                guard !control.isStopping, result.next > .zero else { continue }
                waits(result.next)
                await control.sleep(for: result.next)
            }
            await reconciler.withdraw()
            await reconciler.close()
        } onGracefulShutdown: {
            control.stop()
        }
    }
}
