/// How gently a walk treats the server.
public struct Limits: Sendable, Equatable {
    /// Longest that one batch may occupy the server.
    public var batchTime: Duration
    /// Most pairs a second; 0 for no cap.
    public var keysPerSecond: Int
    /// Most bytes of one key; larger ones are held.
    public var keyBytes: Int

    /// Limits; by default 2 ms, no cap and 64 MiB.
    public init(batchTime: Duration = .milliseconds(2), keysPerSecond: Int = 0, keyBytes: Int = 64 << 20) {
        self.batchTime = batchTime
        self.keysPerSecond = keysPerSecond
        self.keyBytes = keyBytes
    }
}

/// The size of the next batch, by what the last ones took: shrinks at once, grows slowly.
struct BatchPace: Sendable {
    private var limits: Limits
    private let roundTrip: Duration
    private let largest: Int
    /// When the next batch may begin, by the rate.
    private var due = ContinuousClock.now
    private var fitting = 8

    /// How many pairs the next batch may have; under a cap on the rate no more than fit into a tenth of a second, so that
    /// the waits between batches stay short.
    var size: Int {
        limits.keysPerSecond > 0 ? max(1, min(fitting, limits.keysPerSecond / 10)) : fitting
    }

    /// What others wait for: with the looks and commits of two such batches, and the questions about a page, under way. And
    /// twice as many keys are watched, which costs the square of their number.
    static let largest = 12

    /// What one batch may bring; a key that is larger is a batch of its own.
    static let mostBytes = 1 << 20

    /// Batches grow to so many items.
    init(limits: Limits, roundTrip: Duration, largest: Int = Self.largest) {
        self.limits = limits
        self.roundTrip = roundTrip
        self.largest = largest
    }

    /// These limits hold from the next batch on.
    mutating func obey(_ limits: Limits) {
        self.limits = limits
    }

    /// Notes a batch that took so long beyond the connection's round trips.
    mutating func noteBatch(
        of count: Int,
        took duration: Duration,
        roundTrips: Int,
        now: ContinuousClock.Instant = .now
    ) {
        noteRate(of: count, now)
        let busy = duration - roundTrip * roundTrips
        if busy > limits.batchTime * roundTrips {
            fitting = max(1, fitting / 2)
        } else if count >= fitting {
            fitting = min(largest, fitting + max(1, fitting / 4))
        }
    }

    /// Whether a cap on the rate leaves no room for several batches at a time.
    var isCapped: Bool { limits.keysPerSecond > 0 }

    /// Notes one request of several under way: the commit of one batch and the look of another, with what it waited for
    /// others. Whoever else asks the server waits about as long.
    mutating func noteRequest(took duration: Duration) {
        let busy = duration - roundTrip
        if busy > limits.batchTime {
            fitting = max(1, fitting / 2)
        } else if busy <= limits.batchTime / 2 {
            fitting = min(largest, fitting + max(1, fitting / 4))
        }
    }

    /// Notes a batch of many small transactions, whose time says nothing of any one of them.
    mutating func noteSpreadBatch(of count: Int) {
        noteRate(of: count, .now)
        fitting = Self.largestSpread
    }

    /// How many keys of a cluster are looked at together: some of each node's.
    private static let largestSpread = 150

    /// How far behind its rate a walk may be and still make up for it: what it lost while it waited for a strained
    /// server it must not pour over it afterwards.
    private static let mostMadeUpFor = Duration.milliseconds(100)

    private mutating func noteRate(of count: Int, _ now: ContinuousClock.Instant) {
        guard limits.keysPerSecond > 0 else { return }
        due = max(due, now - Self.mostMadeUpFor) + .seconds(Double(count) / Double(limits.keysPerSecond))
    }

    /// The walk has rested for so long: its rate is that of the rest of the time.
    mutating func postpone(by rest: Duration) {
        due += rest
    }

    /// How long to wait before the next batch to keep to the rate.
    func pause(now: ContinuousClock.Instant = .now) -> Duration {
        limits.keysPerSecond > 0 ? max(.zero, now.duration(to: due)) : .zero
    }
}

extension ArraySlice {
    /// The first elements, as many as weigh no more than this together; at least one.
    func prefix(_ most: Int, by weight: (Element) -> Int) -> ArraySlice {
        var left = most
        var end = startIndex
        while end < endIndex {
            left -= Swift.min(weight(self[end]), most + 1)
            guard left >= 0 || end == startIndex else { break }
            end += 1
        }
        return self[..<end]
    }
}
