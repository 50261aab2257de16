import RedisClient

/// A key that is larger than `limits.key-bytes`, and for how long a copy of it would stop the server.
///
/// COPY is one command, and so is the look at a hash: nobody else is served meanwhile, for about as long each time.
public struct LargeKey: Sendable, Equatable {
    /// Its name, escaped.
    public var key: String
    /// What it takes, by `MEMORY USAGE`; of a pair the larger side.
    public var bytes: Int
    /// The least and the most that one copy of it stops the server.
    public var stall: ClosedRange<Duration>

    /// Nanoseconds a byte as measured: from elements of 64 KiB to elements of a few bytes. The documentation's
    /// "Performance" says how.
    static let nanosecondsPerByte = 1...15

    init(_ key: Bytes, bytes: Int) {
        self.key = KeyText.escaped(key)
        self.bytes = bytes
        let microseconds = bytes / 1000
        stall =
            .microseconds(microseconds * Self.nanosecondsPerByte.lowerBound)
            ... .microseconds(microseconds * Self.nanosecondsPerByte.upperBound)
    }
}

extension WalkReport {
    /// Notes a key that is held for its size: the largest 20 are kept.
    mutating func noteLarge(_ key: LargeKey) {
        large.append(key)
        guard large.count > 20 else { return }
        large.sort { $0.bytes > $1.bytes }
        large.removeLast()
    }
}
