import RedisClient

extension RedisConnection {
    /// When a key expires, in milliseconds since 1970; −1 for never, −2 when there is none.
    package func expiry(of key: Bytes) throws -> Int64 {
        try expiries(of: [key])[0]
    }

    /// When keys expire, to the millisecond on every server.
    ///
    /// Before 7.0 a server tells only the time that is left: its clock is asked just before and just after that, until
    /// both are the same millisecond.
    package func expiries(of keys: [Bytes]) throws -> [Int64] {
        var commands = CommandBuffer()
        for key in keys { commands.append("PEXPIRETIME", key) }
        let exact = try pipeline(commands)
        guard let error = exact.firstError else { return exact.map { $0.integer ?? -2 } }
        guard error.code == .unsupportedServer else { throw error }
        return try keys.map(expiryByClock)
    }

    private func expiryByClock(of key: Bytes) throws -> Int64 {
        var commands = CommandBuffer()
        commands.append("TIME")
        commands.append("PTTL", key)
        commands.append("TIME")
        for _ in 0..<1000 {
            let replies = try pipeline(commands).unlessError()
            let left = replies[1].integer ?? -2
            if left < 0 { return left }
            let times = [replies[0], replies[2]].map { time in
                let parts = time.elements.compactMap { $0.text.flatMap { Int64($0) } }
                return parts.count == 2 ? parts[0] * 1000 + parts[1] / 1000 : -1
            }
            if times[0] == times[1] { return times[0] + left }
        }
        throw TestSupportError("The expiry cannot be read exactly.")
    }
}
