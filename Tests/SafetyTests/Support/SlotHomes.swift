import RedisClient
import Synchronization

/// The slots that are not where a cluster had them in the beginning.
final class SlotHomes: Sendable {
    private let nodes = Mutex<[Int: Int]>([:])

    /// The number of the node that has the slot of a name, if it was moved.
    func node(of name: String) -> Int? { nodes.withLock { $0[Slot(of: Bytes(name)).number] } }

    /// Notes that the slot of a name is on this node.
    func note(_ name: String, at node: Int) { nodes.withLock { $0[Slot(of: Bytes(name)).number] = node } }

    /// All are back.
    func forget() { nodes.withLock { $0 = [:] } }
}
