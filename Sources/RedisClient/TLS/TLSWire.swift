import COpenSSL
import Glibc

/// A socket as OpenSSL reads and writes it: a BIO of our own.
///
/// OpenSSL's own one writes with write(2), which raises SIGPIPE when the peer is gone. The alternative, a pair of BIOs in
/// memory, would copy every byte once more, and what is encrypted but not sent would have to be carried along.
final class TLSWire {
    let socket: SocketTransport
    /// The first byte that came: what the peer speaks.
    private(set) var firstByte: UInt8?
    /// Whether the peer has closed its side.
    private(set) var hasEnded = false
    /// A failure that is none of the usual ways in which a connection ends.
    private(set) var failure: (any Error)?

    init(_ socket: SocketTransport) {
        self.socket = socket
    }

    /// A BIO over this socket, which must outlive it; nil if there is no memory for one.
    func makeBIO() -> OpaquePointer? {
        guard let method = Self.method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer, _ bio: OpaquePointer?) -> Int32 {
        let count = move(bio) { try socket.read(into: buffer) }
        if count > 0, firstByte == nil { firstByte = buffer[0] }
        return count
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ bio: OpaquePointer?) -> Int32 {
        move(bio) { try socket.write(bytes) }
    }

    private func move(_ bio: OpaquePointer?, _ body: () throws -> TransportResult) -> Int32 {
        BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
        do {
            switch try body() {
            case .moved(let count):
                return Int32(count)
            case .wantsRead:
                BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            case .wantsWrite:
                BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
            case .closed:
                hasEnded = true
            }
        } catch {
            failure = error
        }
        return -1
    }

    private static func wire(of bio: OpaquePointer?) -> TLSWire? {
        BIO_get_data(bio).map { Unmanaged<TLSWire>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Made once, and never freed: connections use it as long as the process lives.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = BIO_meth_new(kind, "socket without SIGPIPE") else { return nil }
        BIO_meth_set_read(method) { bio, buffer, size in
            let room = UnsafeMutableRawBufferPointer(start: buffer, count: Int(size))
            return wire(of: bio)?.read(into: room, bio) ?? -1
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            wire(of: bio)?.write(UnsafeRawBufferPointer(start: bytes, count: Int(count)), bio) ?? -1
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            // Nothing is held back here.
            case BIO_CTRL_FLUSH: 1
            case BIO_CTRL_EOF: wire(of: bio)?.hasEnded == true ? 1 : 0
            default: 0
            }
        }
        return method
    }()
}
