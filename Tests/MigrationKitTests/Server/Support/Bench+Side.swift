import RedisClient
import TestSupport

@testable import MigrationKit

extension Bench {
    /// A key as the engine sees it, with its expiry to the millisecond on every server.
    func side(of key: Bytes, _ type: ValueType) async throws -> Side? {
        let features = try await features()
        let reader = ValueReader(
            type: type,
            limit: Limits().keyBytes,
            expiry: ExpiryReader(isExact: features.hasExpiryTime)
        )
        var fields: [Bytes]?
        if features.hasFieldExpiry, type == .hash {
            var names = CommandBuffer()
            names.append("HKEYS", key)
            fields = try FieldNames.read(try await connection.pipeline(names)[0])
        }
        let moment = Moment(now: 0, mayHaveFieldEnds: fields != nil, horizon: 0)
        var commands = CommandBuffer()
        reader.ask(key, fields: fields, in: &commands)
        for _ in 0..<100 {
            let replies = try await connection.pipeline(commands)
            let reading = try reader.read(replies, fields: fields, at: moment, digester: try Digester())
            if reading.slack == 0 { return reading.side }
        }
        throw TestSupportError("An expiry cannot be read exactly.")
    }
}
