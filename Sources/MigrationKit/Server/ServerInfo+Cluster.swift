import RedisClient

extension ServerInfo {
    /// The masters of a cluster as one server: as old as the oldest, as full as the fullest, as unsafe as the least safe.
    ///
    /// Its identity stands for those of all masters: it changes when one of them restarts or is replaced.
    init(merging infos: [ServerInfo]) throws {
        let sorted = infos.sorted { $0.identity.runID < $1.identity.runID }
        guard var merged = sorted.first else {
            throw RedisError(.unexpectedReply, "The cluster has no masters.", outcome: .notExecuted)
        }
        for info in sorted.dropFirst() {
            merged.isMaster = merged.isMaster && info.isMaster
            merged.master = merged.master ?? info.master
            merged.databases.merge(info.databases) { Bounded.sum([$0, $1]) }
            merged.connectedReplicas = merged.connectedReplicas.flatMap { one in
                info.connectedReplicas.map { Bounded.sum([one, $0]) }
            }
            merged.keys = Bounded.sum([merged.keys, info.keys])
            if info.headRoom < merged.headRoom {
                merged.maxMemory = info.maxMemory
                merged.usedMemory = info.usedMemory
            }
            if info.mayEvict, !merged.mayEvict {
                merged.evictionPolicy = info.evictionPolicy
                merged.maxMemory = info.maxMemory
                merged.usedMemory = info.usedMemory
            }
            if info.version.isOlder(than: merged.version) { merged.version = info.version }
            merged.untold.formUnion(info.untold)
            if info.evictionPolicy == nil, !merged.mayEvict { merged.evictionPolicy = nil }
            merged.save = Self.lesser(merged.save, info.save)
        }
        if sorted.count > 1 {
            let digester = try Digester()
            merged.identity = ServerIdentity(
                runID: digester.text(of: sorted.map(\.identity.runID)),
                replicationID: digester.text(of: sorted.map(\.identity.replicationID))
            )
        }
        self = merged
    }

    private var headRoom: Int { maxMemory == 0 ? .max : maxMemory - usedMemory }

    private static func lesser(_ one: Save, _ other: Save) -> Save {
        switch (one, other) {
        case (.never, _), (_, .never): return .never
        case (.unknown, _), (_, .unknown): return .unknown
        case (.continuous, let save), (let save, .continuous): return save
        case (.at(let first), .at(let second)): return .at(min(first, second))
        }
    }
}

extension Digester {
    /// A short text that stands for a list of texts.
    fileprivate func text(of list: [String]) -> String {
        let joined = Bytes(list.joined(separator: " "))
        return hexadecimal(nameDigest(joined)) + hexadecimal(nameDigest(Bytes("2 ") + joined))
    }

    private func hexadecimal(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

extension String {
    /// Whether it is an older version's number than another.
    fileprivate func isOlder(than other: String) -> Bool {
        let own = split(separator: ".").map { Bounded(decimal: $0)?.value ?? 0 }
        let theirs = other.split(separator: ".").map { Bounded(decimal: $0)?.value ?? 0 }
        return own.lexicographicallyPrecedes(theirs)
    }
}
