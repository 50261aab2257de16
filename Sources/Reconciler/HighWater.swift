import MigrationKit

/// The highest that a process has seen and written, by which it notices what goes backwards.
///
/// A server that restarts with an older snapshot, or without any, is consistent in itself: only who remembers what was
/// there before can tell.
struct HighWater: Sendable {
    /// What outlives the process.
    private(set) var seen: SeenKeyspace
    /// Every server that was seen, the last one last.
    private var servers: [ServerIdentity] = []
    private var keys = 0

    /// How many servers are remembered; one that restarts all day long must not cost memory.
    private static let serversKept = 100

    /// What another process has seen before, if anything.
    init(_ seen: SeenKeyspace? = nil) {
        self.seen = seen ?? SeenKeyspace()
    }

    /// Compares a snapshot with what was seen before, in a sentence if something went backwards, and remembers it.
    mutating func regression(in snapshot: SchemaSnapshot) -> String? {
        let findings = [server(snapshot.server), version(snapshot), vanished(snapshot), states(snapshot)]
        return findings.lazy.compactMap(\.self).first
    }

    /// Notes what a step of this process wrote: no look has seen it yet, and it may be gone before the next.
    mutating func note(_ migration: String, epoch: UInt64, raisedTo raised: Int?) {
        seen.states[migration, default: SeenKeyspace.Known()].epoch = max(seen.states[migration]?.epoch ?? 0, epoch)
        seen.version = max(seen.version, raised ?? 0)
    }

    private mutating func server(_ now: ServerInfo) -> String? {
        defer { keys = now.keys }
        guard now.identity != servers.last else { return nil }
        let isFirst = servers.isEmpty
        let isBack = servers.contains(now.identity)
        servers.append(now.identity)
        if servers.count > Self.serversKept { servers.removeFirst() }
        if isBack {
            // A master that follows another one and takes over again has another replication id.
            return "The server is again one that it was before, and what was written to the other since is not there."
        }
        guard !isFirst, now.keys == 0, keys > 0 else { return nil }
        return "The server came back without its data: it held \(Wording.keys(keys)), and holds none now."
    }

    private mutating func version(_ snapshot: SchemaSnapshot) -> String? {
        guard let now = try? snapshot.version.get() else { return nil }
        defer { seen.version = max(seen.version, now) }
        return now < seen.version ? "The schema version went from \(seen.version) to \(now)." : nil
    }

    private func vanished(_ snapshot: SchemaSnapshot) -> String? {
        let gone = seen.states.keys.sorted().first { snapshot.states[$0] == nil }
        return gone.map { name in
            let phase = seen.states[name]?.phase.map { "was \($0.rawValue)" } ?? "was written"
            return "The state of \(name) \(phase) and is gone."
        }
    }

    private mutating func states(_ snapshot: SchemaSnapshot) -> String? {
        var finding: String?
        for (name, state) in snapshot.states.sorted(by: { $0.key < $1.key }) {
            guard let state = try? state.get() else { continue }
            let before = seen.states[name] ?? SeenKeyspace.Known()
            let epoch = state.epoch ?? 0
            if state.epoch == nil, before.epoch > 0 {
                finding =
                    finding
                    ?? "The state of \(name) was written under epoch \(before.epoch), and names none now: another tool has "
                    + "written it."
            } else if epoch < before.epoch {
                finding =
                    finding
                    ?? "The state of \(name) was written under epoch \(before.epoch), and is that of epoch \(epoch) now."
            }
            if let phase = before.phase, Self.isBackwards(from: phase, to: state.trustedPhase) {
                finding = finding ?? "\(name) was \(phase.rawValue) and is \(state.trustedPhase.rawValue) now."
            }
            var known = before
            known.phase = state.trustedPhase
            known.epoch = max(epoch, before.epoch)
            seen.states[name] = known
        }
        return finding
    }

    /// From these two there is no way back; from the others a verify or a person may lead back.
    private static func isBackwards(from before: Phase, to now: Phase) -> Bool {
        (before == .cleaning || before == .cleaned) && now.order < before.order
    }
}
