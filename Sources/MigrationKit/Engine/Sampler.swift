import RedisClient

/// Keeps some of the items that a walk comes by, each as likely as the other, and handles only those.
///
/// Source: reservoir sampling, J. S. Vitter, "Random Sampling with a Reservoir", 1985 (algorithm R).
final class Sampler<Work: WalkWork>: WalkWork {
    private let work: Work
    private let count: Int
    private var sample: [Work.Item] = []
    private var seen = 0

    private static var attempts: Int { 20 }

    init(_ work: Work, count: Int) {
        self.work = work
        self.count = count
    }

    var progress: Progress { work.progress }
    var lister: Work.Lister { work.lister }

    /// Keeps or passes over; nothing is handled on the way.
    func take(_ listing: Listing<Work.Item>) -> [Work.Item] {
        for item in work.take(listing) {
            seen += 1
            if sample.count < count {
                sample.append(item)
            } else {
                let place = Int.random(in: 0..<seen)
                if place < count { sample[place] = item }
            }
        }
        return []
    }

    func goOn(behind items: Int) { work.goOn(behind: items) }

    func look(at batch: [Work.Item]) -> BatchLook<Work.Item>? { nil }

    func takeUnsettled() -> [Work.Item] { [] }

    func attempt(_ batch: [Work.Item]) async throws -> [Work.Item] { [] }

    func weight(of item: Work.Item) -> Int { work.weight(of: item) }

    func giveUp(_ item: Work.Item) {}

    func hold(_ item: Work.Item, reason: String) {}

    func measured(exactly item: Work.Item) async throws -> Work.Item? { item }

    func tellOfHeldKeys() async throws { try await work.tellOfHeldKeys() }

    /// Handles what was kept, on the server of the walk.
    func compare(on keyspace: any Keyspace, _ server: ServerIdentity) async throws {
        let isolation = FaultIsolation(work: work, keyspace: keyspace, server: server)
        var rest = sample[...]
        while !rest.isEmpty {
            let batch = rest.prefix(BatchPace.largest).prefix(BatchPace.mostBytes, by: work.weight)
            rest = rest.dropFirst(batch.count)
            // What must be looked at once more is, as on a walk.
            var undone = try await isolation.attempt(Array(batch))
            for _ in 0..<Self.attempts where !undone.isEmpty { undone = try await isolation.attempt(undone) }
            try await work.tellOfHeldKeys()
        }
    }
}
