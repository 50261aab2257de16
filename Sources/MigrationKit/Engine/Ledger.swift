import RedisClient

/// Where the ledger keeps which entry: hashes of about 32 entries each. Redis' compact encoding holds 128, but searches
/// them from the first to the last: of fewer each look costs less, and a hash of fewer still costs more than it saves.
struct Ledger: Sendable {
    /// The names of its hashes.
    var names: KeyNames
    /// The migration that it belongs to.
    var migration: String
    /// How many hashes it has.
    var shape: LedgerShape

    /// The field that every hash has from before its first entry until it is removed; a hash without it was lost.
    static let headerField = Bytes("h")

    /// The shape that suits so many pairs; in a cluster each slot has so many hashes.
    static func shape(forPairs count: Int, names: KeyNames) -> LedgerShape {
        let pairs = names.isCluster ? (count + Slot.count - 1) / Slot.count : count
        let hashes = (pairs + LedgerShape.pairsPerHash - 1) / LedgerShape.pairsPerHash
        return LedgerShape(buckets: max(1, min(hashes, LedgerShape.most)))
    }

    /// The header's value: the format and the number of hashes.
    var header: Bytes { Bytes("\(LedgerEntry.format) \(shape.buckets)") }

    /// The shape that a header names; nil where it is none of ours.
    static func shape(fromHeader bytes: Bytes) -> LedgerShape? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let parts = text.split(separator: " ")
        guard parts.count == 2, parts[0] == "\(LedgerEntry.format)", let buckets = Bounded(decimal: parts[1]),
            (1...LedgerShape.most).contains(buckets.value)
        else {
            return nil
        }
        return LedgerShape(buckets: buckets.value)
    }

    /// The hash and the field of an entry, by its destination's name and the digest of that.
    ///
    /// In a cluster the hash is in the destination's slot, so that the entry commits with the copy.
    func place(of destination: Bytes, digest: UInt64) -> (key: Bytes, field: Bytes) {
        var field: Bytes = []
        field.append(littleEndian: digest)
        let bucket = Int(digest % UInt64(shape.buckets))
        let slot = names.isCluster ? Slot(of: destination) : nil
        return (names.ledger(of: migration, bucket: bucket, in: slot), field)
    }

    /// The hash whose header tells the shape where the state is gone: made first, removed last.
    var firstKey: Bytes { names.ledger(of: migration, bucket: 0, in: names.isCluster ? Slot(0) : nil) }

    /// Creates the header of every hash that has none.
    ///
    /// Errors: `interrupted` when asked to stop, `serverStrained`, and all of the fence's; what is there stays, and is
    /// completed by the next call.
    func create(under lease: Lease, in context: MigrationContext, on servers: KeyspaceServers) async throws {
        let pace = LedgerPace(context, on: servers)
        var left = shape.hashes(in: names)
        try await forEachHash(under: lease, on: context.keyspace) { key, commands in
            commands.append("HSETNX", key, Self.headerField, header)
        } between: { hashes in
            left -= hashes
            try await pace.rest(after: hashes, needed: left * Self.bytesPerHash)
        }
    }

    /// Removes every hash, the first one last: its header tells how many there are.
    ///
    /// Errors: as of `create`.
    func remove(under lease: Lease, in context: MigrationContext) async throws {
        let pace = try await LedgerPace(context, on: .read(from: context.keyspace))
        try await forEachHash(under: lease, on: context.keyspace) { key, commands in
            commands.append("UNLINK", key)
        } between: { hashes in
            try await pace.rest(after: hashes, needed: nil)
        }
    }

    /// How many copies it lists that should still be there: those that end by themselves may have ended.
    ///
    /// For a walk that met none of them, which is rare; it reads at most `most` entries.
    func lasting(at now: Int64, most: Int, in context: MigrationContext) async throws -> Int {
        var count = 0
        var seen = 0
        let slots: [Slot?] = names.isCluster ? (0..<Slot.count).map(Slot.init) : [nil]
        let total = slots.count * shape.buckets
        for start in stride(from: 0, to: total, by: Self.hashesPerRequest) {
            if context.shouldStop() { throw MigrationError(.interrupted, "Stopped while the ledger was read.") }
            var commands = RoutedCommands(for: context.keyspace)
            for number in start..<min(total, start + Self.hashesPerRequest) {
                let slot = slots[number / shape.buckets]
                commands.append("HGETALL", names.ledger(of: migration, bucket: number % shape.buckets, in: slot))
            }
            for reply in try await context.keyspace.pipeline(commands) {
                guard let reply = try reply.unlessOtherType() else { continue }
                for value in reply.elements {
                    guard let entry = LedgerEntry(value) else { continue }
                    seen += 1
                    if entry.source.expiry.map({ $0 > now }) ?? true { count += 1 }
                }
            }
            guard seen < most else { return count }
        }
        return count
    }

    /// Runs a command on every hash, the first one last; after each round of transactions `between` says when to go on.
    private func forEachHash(
        under lease: Lease,
        on keyspace: any Keyspace,
        _ body: @escaping (Bytes, inout CommandBuffer) -> Void,
        between: (_ hashes: Int) async throws -> Void
    ) async throws {
        let all = names.isCluster ? (1..<Slot.count).map { Slot($0) } : []
        let rounds = stride(from: 0, to: all.count, by: Self.slotsPerRound).map {
            all[$0..<min(all.count, $0 + Self.slotsPerRound)]
        }
        for slots in rounds + [[Slot(0)]] {
            for last in stride(from: shape.buckets, to: 0, by: -Self.hashesPerTransaction) {
                let buckets = max(0, last - Self.hashesPerTransaction)..<last
                try await forEachHash(of: buckets, in: slots, under: lease, on: keyspace, body)
                let isLast = buckets.lowerBound == 0 && slots.first == Slot(0)
                if !isLast { try await between(buckets.count * slots.count) }
            }
        }
    }

    /// One transaction a slot; one server is one.
    private func forEachHash(
        of buckets: Range<Int>,
        in slots: ArraySlice<Slot>,
        under lease: Lease,
        on keyspace: any Keyspace,
        _ body: @escaping (Bytes, inout CommandBuffer) -> Void
    ) async throws {
        let slots = Array(slots)
        let looks = slots.map { Fence.Look(at: names.isCluster ? names.epoch(in: $0) : firstKey) }
        try await Fence(lease).transactions(looks, on: keyspace) { index, _ in
            var commands = CommandBuffer()
            for bucket in buckets.reversed() {
                let slot = names.isCluster ? slots[index] : nil
                body(names.ledger(of: migration, bucket: bucket, in: slot), &commands)
            }
            return commands
        } finish: { _, outcome in
            switch outcome {
            case .committed, .nothingToDo: break
            case .redirected(let error): throw error
            case .changed: throw notWritten
            }
        }
    }

    private var notWritten: MigrationError {
        MigrationError(.fenced, "The ledger's hashes could not be written; another holder works.")
    }

    private static let hashesPerTransaction = 200
    private static let hashesPerRequest = 500
    private static let slotsPerRound = 1024
    /// About what a hash with nothing but its header takes.
    private static let bytesPerHash = 100
}
