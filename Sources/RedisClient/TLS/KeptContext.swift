import Synchronization

/// A context that is built when it is first needed, once for all who share it.
final class KeptContext: Sendable {
    private let kept = Mutex<TLSContext?>(nil)

    /// The context, built now if there is none.
    func context(_ build: () throws -> TLSContext) throws -> TLSContext {
        try kept.withLock { kept in
            if let kept { return kept }
            let built = try build()
            kept = built
            return built
        }
    }

    /// Drops it; connections that use it go on.
    func forget() {
        kept.withLock { $0 = nil }
    }
}
