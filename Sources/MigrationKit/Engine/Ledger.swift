import RedisClient

/// Where the ledger keeps which entry: hashes of about 100 entries each, below the limit of Redis' compact encoding.
struct Ledger: Sendable {
    /// The names of its hashes.
    var names: KeyNames
    /// The migration that it belongs to.
    var migration: String
    /// How many hashes it has.
    var shape: LedgerShape

    /// The field that every hash has from before its first entry until it is removed; a hash without it was lost.
    static let headerField = Bytes("h")

    /// The shape that suits so many pairs.
    static func shape(forPairs count: Int) -> LedgerShape {
        LedgerShape(buckets: max(1, (count + 99) / 100))
    }

    /// The header's value: the format and the number of hashes.
    var header: Bytes { Bytes("\(LedgerEntry.format) \(shape.buckets)") }

    /// The shape that a header names; nil where it is none of ours.
    static func shape(fromHeader bytes: Bytes) -> LedgerShape? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let parts = text.split(separator: " ")
        guard parts.count == 2, parts[0] == "\(LedgerEntry.format)", let buckets = Int(parts[1]),
            (1...LedgerShape.most).contains(buckets)
        else {
            return nil
        }
        return LedgerShape(buckets: buckets)
    }

    /// The hash and the field of an entry, by the digest of its destination's name.
    func place(of destinationName: UInt64) -> (key: Bytes, field: Bytes) {
        var field: Bytes = []
        field.append(littleEndian: destinationName)
        let bucket = Int(destinationName % UInt64(shape.buckets))
        return (names.ledger(of: migration, bucket: bucket), field)
    }

    /// Creates the header of every hash that has none.
    func create(under lease: Lease, on connection: RedisConnection) async throws {
        try await forEachHash(under: lease, on: connection) { key, commands in
            commands.append("HSETNX", key, Self.headerField, header)
        }
    }

    /// Removes every hash, the first one last: its header tells how many there are.
    func remove(under lease: Lease, on connection: RedisConnection) async throws {
        try await forEachHash(under: lease, on: connection) { key, commands in
            commands.append("UNLINK", key)
        }
    }

    private func forEachHash(
        under lease: Lease,
        on connection: RedisConnection,
        _ body: (Bytes, inout CommandBuffer) -> Void
    ) async throws {
        let fence = Fence(lease)
        for last in stride(from: shape.buckets, to: 0, by: -Self.hashesPerTransaction) {
            var commands = CommandBuffer()
            for bucket in (max(0, last - Self.hashesPerTransaction)..<last).reversed() {
                body(names.ledger(of: migration, bucket: bucket), &commands)
            }
            let outcome = try await fence.transaction(on: connection) { _ in commands }
            guard case .committed = outcome else {
                throw MigrationError(.fenced, "The ledger's hashes could not be written; another holder works.")
            }
        }
    }

    private static let hashesPerTransaction = 200
}
