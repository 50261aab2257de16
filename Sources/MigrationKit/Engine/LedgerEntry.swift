import RedisClient

/// What the ledger keeps of one pair: the common base of both sides, as git keeps it for a merge.
public struct LedgerEntry: Sendable, Hashable {
    /// The first eight bytes of SHA-256 of the source's name.
    public var sourceName: UInt64
    /// The source as it was copied.
    public var source: Side
    /// The destination as this program last wrote it.
    public var destination: Side
    /// Whether the source is being removed.
    public var isRemoving: Bool

    /// An entry of its parts.
    public init(sourceName: UInt64, source: Side, destination: Side, isRemoving: Bool = false) {
        self.sourceName = sourceName
        self.source = source
        self.destination = destination
        self.isRemoving = isRemoving
    }

    static let format: UInt8 = 1
    private static let removing: UInt8 = 1
    private static let sidesDiffer: UInt8 = 2

    /// How it is stored: format, flags, the source's name, then each side as 16 bytes of content and 8 of expiry; the
    /// destination only where it differs. At most 58 bytes, below the limit of Redis' compact encoding.
    public var bytes: Bytes {
        var bytes: Bytes = [Self.format, 0]
        if isRemoving { bytes[1] |= Self.removing }
        bytes.append(littleEndian: sourceName)
        Self.append(source, to: &bytes)
        if destination != source {
            bytes[1] |= Self.sidesDiffer
            Self.append(destination, to: &bytes)
        }
        return bytes
    }

    /// The entry in these bytes; nil for an unknown format, which is no base.
    public init?(_ bytes: Bytes) {
        guard let entry = bytes.withUnsafeBytes(LedgerEntry.init(raw:)) else { return nil }
        self = entry
    }

    /// The entry that a server answered; nil where there is none, and for an unknown format.
    init?(_ reply: Reply) {
        guard let entry = reply.withBytes(LedgerEntry.init(raw:)), let entry else { return nil }
        self = entry
    }

    private init?(raw bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 2, bytes[0] == Self.format else { return nil }
        let differ = bytes[1] & Self.sidesDiffer != 0
        guard bytes.count == 10 + 24 * (differ ? 2 : 1) else { return nil }
        sourceName = bytes.littleEndian(at: 2)
        source = Self.side(bytes, at: 10)
        destination = differ ? Self.side(bytes, at: 34) : source
        isRemoving = bytes[1] & Self.removing != 0
    }

    private static func append(_ side: Side, to bytes: inout Bytes) {
        bytes.append(littleEndian: side.content?.low ?? 0)
        bytes.append(littleEndian: side.content?.high ?? 0)
        bytes.append(littleEndian: UInt64(bitPattern: side.expiry ?? -1))
    }

    private static func side(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Side {
        let expiry = Int64(bitPattern: bytes.littleEndian(at: offset + 16))
        return Side(
            content: Digest(low: bytes.littleEndian(at: offset), high: bytes.littleEndian(at: offset + 8)),
            expiry: expiry < 0 ? nil : expiry
        )
    }
}

extension Bytes {
    mutating func append(littleEndian number: UInt64) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    func littleEndian(at offset: Int) -> UInt64 {
        UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
