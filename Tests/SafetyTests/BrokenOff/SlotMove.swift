import RedisClient
import TestSupport

/// A slot that goes from its node to another one while a program works, as an administrator's resharding moves it.
struct SlotMove: Sendable {
    /// How far it has come when the program goes on.
    enum Progress: String, CaseIterable, Sendable { case begun, half, allKeys, settled }

    private let slot: Int
    private let nodes: [PlainClient]
    private let identities: [String]
    private let ports: [Int]
    let source: Int
    let target: Int

    /// A move of the slot of a name to the next node; not begun.
    init(of name: String, in world: World) async throws {
        slot = Slot(of: Bytes(name)).number
        nodes = try world.servers.map { try PlainClient($0) }
        var identities: [String] = []
        for server in world.servers { identities.append(try await server.cli("CLUSTER", "MYID")) }
        self.identities = identities
        ports = world.servers.map { $0.port ?? 0 }
        source = world.master(of: name)
        target = (source + 1) % nodes.count
    }

    /// Moves as far as that; blocks, for use in a proxy's hook.
    func go(to progress: Progress) {
        nodes[target].send("CLUSTER SETSLOT \(slot) IMPORTING \(identities[source])")
        nodes[source].send("CLUSTER SETSLOT \(slot) MIGRATING \(identities[target])")
        guard progress != .begun else { return }
        let keys = keysOfSlot()
        for key in progress == .half ? Array(keys.prefix((keys.count + 1) / 2)) : keys { migrate(key) }
        if progress == .settled { settle() }
    }

    /// Brings it to its end, whatever came into the slot meanwhile.
    func finish() {
        while true {
            let keys = keysOfSlot()
            if keys.isEmpty { break }
            for key in keys { migrate(key) }
        }
        settle()
    }

    private func settle() {
        for node in [target] + nodes.indices.filter({ $0 != target }) {
            nodes[node].send("CLUSTER SETSLOT \(slot) NODE \(identities[target])")
        }
    }

    private func keysOfSlot() -> [String] {
        let reply = nodes[source].send("CLUSTER GETKEYSINSLOT \(slot) 1000")
        return reply.split(separator: "\r\n").map(String.init).filter { !$0.hasPrefix("*") && !$0.hasPrefix("$") }
    }

    private func migrate(_ key: String) {
        nodes[source].send(
            ["MIGRATE", "127.0.0.1", String(ports[target]), key, "0", "5000", "REPLACE"].map { Bytes($0) }
        )
    }

    /// The same slot, back to where it was.
    func back() -> SlotMove { SlotMove(reversing: self) }

    private init(reversing move: SlotMove) {
        slot = move.slot
        nodes = move.nodes
        identities = move.identities
        ports = move.ports
        source = move.target
        target = move.source
    }
}
