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
    private let limits: Limits
    private let roundTrip: Duration
    private let began = ContinuousClock.now
    private var done = 0
    private var fitting = 16

    /// How many pairs the next batch may have; under a cap on the rate no more than fit into a tenth of a second, so that
    /// the waits between batches stay short.
    var size: Int {
        limits.keysPerSecond > 0 ? max(1, min(fitting, limits.keysPerSecond / 10)) : fitting
    }

    /// Twice as many keys are watched, and WATCH costs the square of their number.
    static let largest = 50

    /// What one batch may bring; a key that is larger is a batch of its own.
    static let mostBytes = 1 << 20

    init(limits: Limits, roundTrip: Duration) {
        self.limits = limits
        self.roundTrip = roundTrip
    }

    /// Notes a batch that took so long beyond the connection's round trips.
    mutating func noteBatch(of count: Int, took duration: Duration, roundTrips: Int) {
        done += count
        let busy = duration - roundTrip * roundTrips
        if busy > limits.batchTime * roundTrips {
            fitting = max(1, fitting / 2)
        } else if count >= fitting {
            fitting = min(Self.largest, fitting + max(1, fitting / 4))
        }
    }

    /// Notes a batch of many small transactions, whose time says nothing of any one of them.
    mutating func noteSpreadBatch(of count: Int) {
        done += count
        fitting = Self.largestSpread
    }

    /// How many keys of a cluster are looked at together: some of each node's.
    private static let largestSpread = 150

    /// How long to wait before the next batch to keep to the rate.
    func pause(now: ContinuousClock.Instant = .now) -> Duration {
        guard limits.keysPerSecond > 0 else { return .zero }
        let due = Duration.seconds(Double(done) / Double(limits.keysPerSecond))
        return max(.zero, due - began.duration(to: now))
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
