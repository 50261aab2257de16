/// What makes it hard for a server that a walk goes on, with the figure; from what a walk does about it to the way out.
///
/// Judged by a pure function of readings. Where several things are so, the gravest counts.
enum ServerStrain: Sendable, Equatable {
    /// Memory in use is so many percent of its limit, which a walk that makes copies comes closer to.
    case memory(percent: Int, ofMachine: Bool)
    /// Less memory is free than what is still to be copied takes, both in bytes.
    case headRoom(free: Int, needed: Int, ofMachine: Bool)
    /// So many keys were evicted since the walk began, or since it last was calm.
    case evictions(Int)
    /// A replica has not acknowledged so many bytes that were written a reading before.
    case replicaBehind(String, bytes: Int)
    /// A replica has said nothing for so many seconds.
    case replicaSilent(String, seconds: Int)
    /// A replica gets its first copy of the data.
    case replicaJoining(String)
    /// The server loads its data.
    case loading
    /// A save has made the server copy so many bytes, of so many in use.
    case save(String, copied: Int, used: Int)

    /// Where slowing begins and where it becomes a stop. All shares are percent.
    enum Bounds {
        static let memorySlow = 90
        static let memoryStop = 97
        /// Less than this is the time between a write and its acknowledgement.
        static let behindSlow = 4 << 20
        /// Half of what Redis keeps for a replica for a minute, by default, before it drops it.
        static let behindStop = 32 << 20
        /// A replica acknowledges once a second.
        static let silentSlow = 4
        /// Below this a save of a small server would count.
        static let copiedLeast = 16 << 20
        static let copiedSlow = 10
        static let copiedStop = 25
    }

    /// What is hardest for a server now; nil where nothing is.
    ///
    /// `previous` is the reading before, about a second earlier, and `first` the one with which counting of evictions
    /// began. `needed` says how many bytes the walk will still add; nil for one that adds none.
    static func judge(
        _ now: ServerLoad,
        previous: ServerLoad,
        first: ServerLoad,
        needed: Int?
    ) -> ServerStrain? {
        var found: [ServerStrain] = []
        if now.isLoading { found.append(.loading) }
        if let evicted = now.evictedKeys, let before = first.evictedKeys, evicted > before {
            found.append(.evictions(evicted - before))
        }
        if let needed { found += memory(now, needed: needed) }
        for replica in now.replicas { found += Self.replica(replica, previous: previous) }
        if let save = now.save, save.copied > max(Bounds.copiedLeast, now.usedMemory / 100 * Bounds.copiedSlow) {
            found.append(.save(save.kind, copied: save.copied, used: now.usedMemory))
        }
        return found.first { $0.degree == .stopped } ?? found.first
    }

    private static func memory(_ now: ServerLoad, needed: Int) -> [ServerStrain] {
        guard now.memoryLimit > 0 else { return [] }
        // In floating point: a limit may be as large as an integer can be.
        let percent = Int(min(1000, Double(now.usedMemory) * 100 / Double(now.memoryLimit)))
        if percent >= Bounds.memorySlow { return [.memory(percent: percent, ofMachine: now.isMachinesLimit)] }
        let free = now.memoryLimit - now.usedMemory
        guard needed > free else { return [] }
        return [.headRoom(free: free, needed: needed, ofMachine: now.isMachinesLimit)]
    }

    private static func replica(_ replica: ServerLoad.Replica, previous: ServerLoad) -> [ServerStrain] {
        // One that has just come online has acknowledged nothing yet.
        let isJoining = !replica.isOnline || replica.offset == 0 && previous.offset > 0
        guard !isJoining else { return [.replicaJoining(replica.name)] }
        let behind = previous.offset - replica.offset
        if behind > Bounds.behindSlow { return [.replicaBehind(replica.name, bytes: behind)] }
        if replica.lag >= Bounds.silentSlow { return [.replicaSilent(replica.name, seconds: replica.lag)] }
        return []
    }

    /// What a walk does about it.
    var degree: WalkStrain.Degree {
        switch self {
        case .memory(let percent, _): return percent >= Bounds.memoryStop ? .stopped : .slowed
        case .evictions, .loading: return .stopped
        case .replicaBehind(_, let bytes): return bytes > Bounds.behindStop ? .stopped : .slowed
        case .save(_, let copied, let used): return copied > used / 100 * Bounds.copiedStop ? .stopped : .slowed
        case .headRoom, .replicaSilent, .replicaJoining: return .slowed
        }
    }

    /// What is so, with the figure; as the end of a sentence.
    var reason: String {
        switch self {
        case .memory(let percent, let ofMachine): return "memory is at \(percent) % of \(Self.limit(ofMachine))"
        case .headRoom(let free, let needed, let ofMachine):
            return "\(Self.size(free)) of \(Self.limit(ofMachine)) are free, and copies will take about "
                + Self.size(needed)
        case .evictions(let count): return "the server evicts keys, \(count) while this went on"
        case .replicaBehind(let name, let bytes): return "the replica \(name) is \(Self.size(bytes)) behind"
        case .replicaSilent(let name, let seconds): return "the replica \(name) has said nothing for \(seconds) s"
        case .replicaJoining(let name): return "the replica \(name) gets its first copy of the data"
        case .loading: return "the server loads its data"
        case .save(let kind, let copied, let used):
            return "\(kind) has made the server copy \(Self.size(copied)) of \(Self.size(used))"
        }
    }

    /// What ends it, as a sentence.
    var remedy: String {
        switch self {
        case .memory(_, let ofMachine), .headRoom(_, _, let ofMachine):
            return ofMachine ? "Free memory." : "Raise maxmemory, or remove what nobody needs."
        case .evictions: return "Raise maxmemory, or set maxmemory-policy noeviction."
        case .replicaBehind, .replicaSilent: return "Look at the replica and at the way to it."
        case .replicaJoining, .save, .loading: return "It ends by itself; look at the server's log if it does not."
        }
    }

    private static func limit(_ ofMachine: Bool) -> String { ofMachine ? "the machine's memory" : "maxmemory" }

    private static func size(_ count: Int) -> String {
        count < 1 << 20 ? "\(count >> 10) KiB" : "\(count >> 20) MiB"
    }
}
