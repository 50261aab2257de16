import RedisClient
import TestSupport

@testable import MigrationKit

extension Bench {
    /// A key as the engine sees it, with its expiry to the millisecond on every server.
    func side(of key: Bytes, _ type: ValueType) async throws -> Side? {
        let expiry = ExpiryReader(isExact: try await features().hasExpiryTime)
        let reader = ValueReader(type: type, limit: Limits().keyBytes, expiry: expiry)
        var commands = CommandBuffer()
        reader.ask(key, in: &commands)
        for _ in 0..<100 {
            let reading = try reader.read(try await connection.pipeline(commands), digester: try Digester())
            if reading.slack == 0 { return reading.side }
        }
        throw TestSupportError("An expiry cannot be read exactly.")
    }
}
