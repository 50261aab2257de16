import RedisClient

/// A batch that needs no more than one look at one server, and one transaction.
struct BatchLook<Item> {
    /// The batch.
    let items: [Item]
    /// What is watched and read.
    let look: Fence.Look
    /// Decides on what was read; nil where nothing is to be written.
    let decide: (Replies.SubSequence) throws -> CommandBuffer?
    /// Counts what is done, unless a watched key changed.
    let finish: (Fence.Outcome) throws -> Void
}

/// Sends batches over several connections to one server, so that it works on one while another is decided.
///
/// What is decided is decided one batch after the other. Two batches under way at a time may concern the same
/// key: both watch it, and the second one's commit is refused.
struct BatchStream<Item> {
    /// Connections to one server, each for one batch at a time.
    let connections: [RedisConnection]
    /// The fence of the transactions; nil where batches are only read.
    let fence: Fence?

    /// Handles batches until there is none left; returns those that a change of their keys has undone.
    ///
    /// `answered` is told how long each request took, with what it had to wait for. A connection without a batch calls
    /// `waitForMore`, on its own thread: it blocks until there may be one, and is false where there will be none.
    func run(
        next: @escaping () throws -> BatchLook<Item>?,
        waitForMore: @escaping () -> Bool,
        answered: @escaping (Duration) -> Void
    ) async throws -> [[Item]] {
        guard let fence else {
            try await read(next: next, waitForMore: waitForMore, answered: answered)
            return []
        }
        var underWay: [Int: BatchLook<Item>] = [:]
        var count = 0
        var changed: [[Item]] = []
        try await fence.transactions(over: connections) {
            guard let batch = try next() else { return nil }
            underWay[count] = batch
            count += 1
            return batch.look
        } waitForMore: {
            waitForMore()
        } decide: { index, replies in
            try underWay[index]?.decide(replies)
        } finish: { index, outcome in
            guard let batch = underWay.removeValue(forKey: index) else { return }
            try batch.finish(outcome)
            switch outcome {
            case .changed: changed.append(batch.items)
            case .redirected(let error): throw error
            case .committed, .nothingToDo: break
            }
        } answered: {
            answered($0)
        }
        return changed
    }

    private func read(
        next: @escaping () throws -> BatchLook<Item>?,
        waitForMore: @escaping () -> Bool,
        answered: @escaping (Duration) -> Void
    ) async throws {
        try await SideBySide.run(on: connections) { lane in
            var took = Duration.zero
            var batch = try lane.inTurn { try next() }
            while true {
                guard let underWay = batch else {
                    guard waitForMore() else { return }
                    batch = try lane.inTurn { try next() }
                    continue
                }
                let replies = try lane.exchange(underWay.look.reads, answered: &took)
                batch = try lane.inTurn {
                    answered(took)
                    _ = try underWay.decide(replies[...])
                    try underWay.finish(.nothingToDo)
                    return try next()
                }
            }
        }
    }
}
