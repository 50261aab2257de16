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
    /// Forgets what was decided: whether it came to pass is not known.
    var abandon: () -> Void = {}
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

    /// What became of the batches that were not simply done.
    struct Result {
        /// Those that a change of their keys has undone.
        var changed: [[Item]] = []
        /// Those that were under way when a connection failed for what may be a key of theirs: what of them came to pass is
        /// not known.
        var lost: [[Item]] = []
        /// How it failed.
        var error: (any Error)?
    }

    /// Handles batches until there is none left, or one may have ended a connection.
    ///
    /// `answered` is told how long each request took, with what it had to wait for. A connection without a batch calls
    /// `waitForMore`, on its own thread: it blocks until there may be one, and is false where there will be none.
    func run(
        next: @escaping () throws -> BatchLook<Item>?,
        waitForMore: @escaping () -> Bool,
        answered: @escaping (Duration) -> Void
    ) async throws -> Result {
        var underWay: [Int: BatchLook<Item>] = [:]
        var count = 0
        var result = Result()
        let begin: () throws -> (Int, BatchLook<Item>)? = {
            guard let batch = try next() else { return nil }
            defer { count += 1 }
            underWay[count] = batch
            return (count, batch)
        }
        let finish: (Int, Fence.Outcome) throws -> Void = { index, outcome in
            guard let batch = underWay.removeValue(forKey: index) else { return }
            try batch.finish(outcome)
            switch outcome {
            case .changed: result.changed.append(batch.items)
            case .redirected(let error): throw error
            case .committed, .nothingToDo: break
            }
        }
        do {
            if let fence {
                try await fence.transactions(over: connections) {
                    try begin()?.1.look
                } waitForMore: {
                    waitForMore()
                } decide: { index, replies in
                    try underWay[index]?.decide(replies)
                } finish: { index, outcome in
                    try finish(index, outcome)
                } answered: {
                    answered($0)
                }
            } else {
                try await read(next: begin, finish: finish, waitForMore: waitForMore, answered: answered)
            }
        } catch let error where KeyFault(error) != nil {
            result.error = error
            for (_, batch) in underWay.sorted(by: { $0.key < $1.key }) {
                batch.abandon()
                result.lost.append(batch.items)
            }
        }
        return result
    }

    private func read(
        next: @escaping () throws -> (Int, BatchLook<Item>)?,
        finish: @escaping (Int, Fence.Outcome) throws -> Void,
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
                let replies = try lane.exchange(underWay.1.look.reads, answered: &took)
                batch = try lane.inTurn {
                    answered(took)
                    _ = try underWay.1.decide(replies[...])
                    try finish(underWay.0, .nothingToDo)
                    return try next()
                }
            }
        }
    }
}
