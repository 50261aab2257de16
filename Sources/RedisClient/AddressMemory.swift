import Synchronization

/// Which of a name's addresses last took a connection: the next one is tried there first.
///
/// Otherwise each connection to a name whose first address swallows packets would wait for that address anew.
final class AddressMemory: Sendable {
    /// That of the process.
    static let shared = AddressMemory()

    /// A process has few names to remember; whatever makes many of them is not to fill its memory.
    private static let capacity = 256

    private let known = Mutex<[Endpoint: SocketAddress]>([:])

    /// The addresses, the one that last worked first.
    func ordered(_ addresses: [SocketAddress], of endpoint: Endpoint) -> [SocketAddress] {
        guard let best = known.withLock({ $0[endpoint] }), let index = addresses.firstIndex(of: best) else {
            return addresses
        }
        return [best] + addresses[..<index] + addresses[(index + 1)...]
    }

    /// Notes that an address took a connection.
    func note(_ address: SocketAddress, of endpoint: Endpoint) {
        known.withLock { known in
            if known.count >= Self.capacity, known[endpoint] == nil { known = [:] }
            known[endpoint] = address
        }
    }
}
