import COpenSSL
import Glibc

/// A private key's pass phrase, in memory of its own that is overwritten when it is no longer needed.
final class Passphrase {
    /// OpenSSL asks for no longer one (PEM_BUFSIZE).
    private static let longest = 1024

    private let buffer: UnsafeMutableRawBufferPointer
    private let length: Int

    /// Reads a file that holds the pass phrase and nothing else, but for one line end.
    ///
    /// Errors: `misconfigured`.
    init(file path: String) throws {
        buffer = .allocate(byteCount: Self.longest + 2, alignment: 1)
        do {
            length = try Self.read(path, into: buffer)
        } catch {
            OPENSSL_cleanse(buffer.baseAddress, buffer.count)
            buffer.deallocate()
            throw error
        }
    }

    deinit {
        OPENSSL_cleanse(buffer.baseAddress, buffer.count)
        buffer.deallocate()
    }

    /// Copies it; nil if there is not enough room.
    func copy(to room: UnsafeMutableRawBufferPointer) -> Int32? {
        guard length <= room.count else { return nil }
        room.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<length]))
        return Int32(length)
    }

    private static func read(_ path: String, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw fault(path, "cannot be read: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var length = 0
        while length < buffer.count {
            let count = Glibc.read(descriptor, buffer.baseAddress.map { $0 + length }, buffer.count - length)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw fault(path, "cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            length += count
        }
        if length > 0, buffer[length - 1] == 10 { length -= 1 }
        if length > 0, buffer[length - 1] == 13 { length -= 1 }
        guard length > 0 else { throw fault(path, "is empty") }
        guard length <= longest else { throw fault(path, "holds more than \(longest) bytes") }
        return length
    }

    private static func fault(_ path: String, _ what: String) -> RedisError {
        RedisError(.misconfigured, "The pass phrase file \(printable(path)) \(what).", outcome: .notExecuted)
    }
}

/// OpenSSL's question for a pass phrase, and whether it came.
final class PassphraseRequest {
    let passphrase: Passphrase?
    private(set) var wasAsked = false

    init(_ passphrase: Passphrase?) {
        self.passphrase = passphrase
    }

    /// The answer, as OpenSSL calls for it: the length, or -1 for none.
    static let answer:
        @Sendable @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) ->
            Int32 = { room, size, _, request in
                guard let request, let room, size > 0 else { return -1 }
                let this = Unmanaged<PassphraseRequest>.fromOpaque(request).takeUnretainedValue()
                this.wasAsked = true
                return this.passphrase?.copy(to: UnsafeMutableRawBufferPointer(start: room, count: Int(size))) ?? -1
            }
}
