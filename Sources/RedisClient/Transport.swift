/// A byte stream that never blocks and closes with its last reference: what a connection needs of TCP, a Unix socket
/// or TLS.
protocol Transport: AnyObject, Sendable {
    /// The descriptor to poll.
    var descriptor: Int32 { get }

    /// Reads what is there, at most a buffer full.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> TransportResult

    /// Writes what fits.
    func write(_ bytes: UnsafeRawBufferPointer) throws -> TransportResult
}

/// What became of one read or write.
enum TransportResult: Equatable {
    /// So many bytes were moved; more than none.
    case moved(Int)
    /// Nothing can move until the descriptor is readable.
    case wantsRead
    /// Nothing can move until the descriptor is writable.
    case wantsWrite
    /// The peer has closed its side.
    case closed
}
