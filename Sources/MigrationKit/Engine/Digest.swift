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
/// The format, pinned by a test: an element of a hash is SHA-256 over the field's length (8 bytes, little-endian), the
/// field, the value's length and the value. Elements are summed modulo 2^256, since their order is not stable, and the
/// digest is the first 16 bytes of SHA-256 over the format byte, the type's letter, the count (8 bytes) and the sum.
public final class Digester {
    /// The format that this program computes; entries of another one are no base.
    static let format: UInt8 = 1

    private let context: OpaquePointer
    private let algorithm: OpaquePointer

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
        return hash(sum, count: fieldsAndValues.count / 2)
    }

    /// The digest of a hash, from its fields and values.
    func hash(_ content: HashContent) -> Digest {
        var sum = Wide256()
        for (field, value) in content.fields {
            begin()
            addWithLength(field)
            addWithLength(value)
            sum.add(finish())
        }
        return hash(sum, count: content.fields.count)
    }

    /// The first eight bytes of SHA-256 of a key's name.
    func nameDigest(_ name: Bytes) -> UInt64 {
        begin()
        name.withUnsafeBytes(add)
        return finish().words[0]
    }

    private func hash(_ sum: Wide256, count: Int) -> Digest {
        begin()
        add(byte: Self.format)
        add(byte: UInt8(ascii: "h"))
        add(number: UInt64(count))
        for index in 0..<4 { add(number: sum.words[index]) }
        let result = finish()
        return Digest(low: result.words[0], high: result.words[1])
    }

    private func begin() {
        EVP_DigestInit_ex2(context, algorithm, nil)
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
        withUnsafeMutableBytes(of: &result.words) { bytes in
            _ = EVP_DigestFinal_ex(context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
        }
        return result
    }
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
