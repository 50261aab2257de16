import RedisClient
import Synchronization

/// The way to the keyspace during one command, which may lead over one connection after the other.
final class KeyspaceLine: Sendable {
    private let current: Mutex<any Keyspace>

    init(_ keyspace: any Keyspace) {
        current = Mutex(keyspace)
    }

    /// The keyspace on the connection of the moment.
    var keyspace: any Keyspace { current.withLock { $0 } }

    /// Goes on over another connection, and closes the one before.
    func replace(by keyspace: any Keyspace) async {
        let old = current.withLock { current in
            defer { current = keyspace }
            return current
        }
        await old.close()
    }
}
