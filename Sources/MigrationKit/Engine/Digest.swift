import COpenSSL
import RedisClient

/// 128 bits that stand for a key's logical content: equal content has equal digests, whatever its encoding.
public struct Digest: Sendable, Hashable {
    /// The first eight bytes, little-endian.
    public var low: UInt64
    /// The last eight bytes, little-endian.
    public var high: UInt64

    /// A digest of two halves.
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// How many bytes it takes when stored.
    static let byteCount = 16
}

/// Computes digests with one prepared SHA-256 context; used by one walk at a time.
///
/// The format, pinned by a test. A part is its length (8 bytes, little-endian) and its bytes; numbers are 8 bytes,
/// little-endian. A digest is the first 16 bytes of SHA-256 over the format byte (1), the type's letter, and:
/// - `s`, string: the value as a part.
/// - `l`, list: the count, then each element as a part, in order.
/// - `h`, hash, and `t`, set: the count, then a sum modulo 2^256 (32 bytes), since their order is not stable: of
///   SHA-256 over field and value, or over the member, as parts; of a field that ends by itself, then the time in
///   milliseconds since 1970.
/// - `z`, sorted set: the count, then each member as a part and its score's IEEE 754 bits, in order; zero is positive.
/// - `x`, stream: the last id as a part, the count, then each entry: its id as a part, the count of its fields and
///   values, and those as parts. What else a stream counts (entries ever added, the largest id deleted) serves only
///   consumer groups, and servers before 7.0 do not have it.
public final class Digester {
    /// The format that this program computes; entries of another one are no base.
    static let format: UInt8 = 1

    private let context: OpaquePointer
    private let algorithm: OpaquePointer
    /// What is digested next: one call of libcrypto for many small parts costs less than one for each.
    private let gathered = UnsafeMutableRawBufferPointer.allocate(byteCount: mostGathered, alignment: 16)
    // Millions of parts are added one by one, and none within another.
    @exclusivity(unchecked) private var gatheredCount = 0
    @exclusivity(unchecked) private var hasBegun = false
    /// Parts beyond this go to libcrypto as they are.
    private static let mostGathered = 1 << 14

    /// A digester with a context of its own.
    ///
    /// Errors: `unsupported` when libcrypto offers no SHA-256.
    public init() throws {
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else {
            throw MigrationError(.unsupported, "libcrypto offers no SHA-256; check OpenSSL's configuration.")
        }
        guard let context = EVP_MD_CTX_new() else {
            EVP_MD_free(algorithm)
            throw MigrationError(.unsupported, "libcrypto has no memory for a digest.")
        }
        self.algorithm = algorithm
        self.context = context
    }

    deinit {
        gathered.deallocate()
        EVP_MD_CTX_free(context)
        EVP_MD_free(algorithm)
    }

    /// The digest of a hash, from HGETALL's reply: fields and values in turn.
    func hash(_ fieldsAndValues: Reply) -> Digest {
        var sum = Wide256()
        var elements = fieldsAndValues.elements
        while let field = elements.next(), let value = elements.next() {
            begin()
            addWithLength(field)
            addWithLength(value)
            sum.add(finish())
        }
        return summed("h", sum, count: fieldsAndValues.count / 2)
    }

    /// Adds the fields of a slice of a hash, from HSCAN's reply: fields and values in turn.
    func add(_ slice: Reply, to sum: inout HashSum) {
        var elements = slice.elements
        while let field = elements.next(), let value = elements.next() {
            begin()
            addWithLength(field)
            addWithLength(value)
            sum.elements.add(finish())
            sum.count += 1
        }
    }

    /// The digest of a hash all of whose slices were added.
    func hash(_ sum: HashSum) -> Digest { summed("h", sum.elements, count: sum.count) }

    /// The digest of a hash, from its fields and values.
    func hash(_ content: HashContent) -> Digest {
        var sum = Wide256()
        var count = 0
        for field in content.compared {
            begin()
            addWithLength(field.name)
            addWithLength(field.value)
            if let end = field.end { add(number: UInt64(bitPattern: end)) }
            sum.add(finish())
            count += 1
        }
        return summed("h", sum, count: count)
    }

    /// The digest of a string.
    func string(_ value: Reply) -> Digest {
        begin("s")
        addWithLength(value)
        return finishDigest()
    }

    /// The digest of a list, from LRANGE's reply.
    func list(_ elements: Reply) -> Digest {
        begin("l")
        add(number: UInt64(elements.count))
        for element in elements.elements { addWithLength(element) }
        return finishDigest()
    }

    /// The digest of a set, from its members in any order.
    func set(_ members: Reply) -> Digest {
        var sum = Wide256()
        for member in members.elements {
            begin()
            addWithLength(member)
            sum.add(finish())
        }
        return summed("t", sum, count: members.count)
    }

    /// The digest of a sorted set, from ZRANGE's reply WITHSCORES.
    func sortedSet(_ membersAndScores: Reply) throws -> Digest {
        begin("z")
        add(number: UInt64(membersAndScores.count / 2))
        var elements = membersAndScores.elements
        while let member = elements.next(), let score = elements.next() {
            guard let number = score.text.flatMap(Double.init), !number.isNaN else {
                throw RedisError(.unexpectedReply, "A score of a sorted set is no number.", outcome: .notExecuted)
            }
            addWithLength(member)
            // A zero loses its sign in the compact encoding, and only there.
            add(number: number == 0 ? 0 : number.bitPattern)
        }
        return finishDigest()
    }

    /// The digest of a stream, from XRANGE's reply and the last id of XINFO STREAM.
    func stream(_ entries: Reply, lastID: Reply) -> Digest {
        begin("x")
        addWithLength(lastID)
        add(number: UInt64(entries.count))
        for entry in entries.elements {
            var parts = entry.elements
            if let id = parts.next() { addWithLength(id) }
            guard let fields = parts.next() else { continue }
            add(number: UInt64(fields.count))
            for part in fields.elements { addWithLength(part) }
        }
        return finishDigest()
    }

    /// The first eight bytes of SHA-256 of a key's name.
    func nameDigest(_ name: Bytes) -> UInt64 {
        begin()
        name.withUnsafeBytes(add)
        return finish().words[0]
    }

    private func summed(_ type: Unicode.Scalar, _ sum: Wide256, count: Int) -> Digest {
        begin(type)
        add(number: UInt64(count))
        for index in 0..<4 { add(number: sum.words[index]) }
        return finishDigest()
    }

    private func begin(_ type: Unicode.Scalar) {
        begin()
        add(byte: Self.format)
        add(byte: UInt8(ascii: type))
    }

    private func finishDigest() -> Digest {
        let result = finish()
        return Digest(low: result.words[0], high: result.words[1])
    }

    private func begin() {
        gatheredCount = 0
        hasBegun = false
    }

    private func addWithLength(_ reply: Reply) {
        _ = reply.withBytes { bytes in
            add(number: UInt64(bytes.count))
            add(bytes)
        }
    }

    private func addWithLength(_ bytes: Bytes) {
        add(number: UInt64(bytes.count))
        bytes.withUnsafeBytes(add)
    }

    private func add(_ bytes: UnsafeRawBufferPointer) {
        guard gatheredCount + bytes.count <= Self.mostGathered else {
            digestGathered()
            return digestAtOnce(bytes)
        }
        UnsafeMutableRawBufferPointer(rebasing: gathered[gatheredCount...]).copyMemory(from: bytes)
        gatheredCount += bytes.count
    }

    private func digestGathered() {
        if !hasBegun { EVP_DigestInit_ex2(context, algorithm, nil) }
        hasBegun = true
        EVP_DigestUpdate(context, gathered.baseAddress, gatheredCount)
        gatheredCount = 0
    }

    private func digestAtOnce(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    private func add(byte: UInt8) {
        withUnsafeBytes(of: byte, add)
    }

    private func add(number: UInt64) {
        withUnsafeBytes(of: number.littleEndian, add)
    }

    private func finish() -> Wide256 {
        var result = Wide256()
        let isWhole = !hasBegun
        if !isWhole { digestGathered() }
        withUnsafeMutableBytes(of: &result.words) { bytes in
            let digest = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            if isWhole {
                copenssl_sha256(gathered.baseAddress, gatheredCount, digest)
            } else {
                _ = EVP_DigestFinal_ex(context, digest, nil)
            }
        }
        return result
    }
}

/// What the slices of a hash amount to: their order is of no account.
struct HashSum {
    fileprivate var elements = Wide256()
    /// How many fields there were.
    fileprivate(set) var count = 0

    /// No field yet.
    init() {}
}

/// A number of 256 bits, least word first, as the bytes of SHA-256 are read.
private struct Wide256 {
    var words: InlineArray<4, UInt64> = .init(repeating: 0)

    /// Adds another, modulo 2^256.
    mutating func add(_ other: Wide256) {
        var carry: UInt64 = 0
        for index in 0..<4 {
            let (partial, first) = words[index].addingReportingOverflow(UInt64(littleEndian: other.words[index]))
            let (whole, second) = partial.addingReportingOverflow(carry)
            words[index] = whole
            carry = (first ? 1 : 0) + (second ? 1 : 0)
        }
    }
}
