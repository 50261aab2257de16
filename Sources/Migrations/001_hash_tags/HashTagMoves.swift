import MigrationKit
import RedisClient

/// The old and the new names of tenants, destination summaries and destinations.
///
/// Ids may hold any byte, ':' and braces too, so a name can fit several readings. The hash's own `id` decides between
/// them; it cannot where both an old and a new name end in the same destination's id, and summaries have no id at all:
/// then it counts whether the old or the new tenant's record exists.
struct HashTagMoves: KeyMoves {
    /// What every name begins with: `tenant:`, behind the deployment's prefix.
    let root: Bytes

    var prefix: Bytes { root }

    func match(_ name: Bytes) -> NameMatch {
        let readings = readings(of: name)
        if readings.isEmpty { return .unrelated }
        if readings.count == 1, let only = readings.first, !only.needsProof { return .certain(reading(only, of: name)) }
        var questions = [FieldQuestion(key: name, field: Self.id)]
        for tenant in tenantsInDoubt(readings) {
            questions.append(FieldQuestion(key: bracedTenant(tenant), field: Self.id))
            questions.append(FieldQuestion(key: newTenant(tenant), field: Self.id))
            questions.append(FieldQuestion(key: oldTenant(tenant), field: Self.id))
        }
        return .open(questions, copy: likelyCopy(name, readings))
    }

    /// The pair of a name that looks like a new one, and like nothing else than that or an old id with those very braces.
    private func likelyCopy(_ name: Bytes, _ readings: [Reading]) -> LikelyCopy? {
        let news = readings.filter { !$0.isOld }
        guard news.count == 1, let new = news.first, !hasMoreSplits(name) else { return nil }
        var refutations: [LikelyCopy.Refutation] = []
        for old in readings where old.isOld {
            if let id = old.id, id != new.id {
                refutations.append(.init(FieldQuestion(key: name, field: Self.id), answer: Bytes(id)))
            }
        }
        for tenant in tenantsInDoubt(readings) {
            let braced = bracedTenant(tenant)
            refutations.append(.init(FieldQuestion(key: braced, field: Self.id), answer: Bytes(braced[root.count...])))
        }
        return LikelyCopy(reading(new, of: name).move, unless: refutations)
    }

    func decide(_ name: Bytes, answers: [Bytes?]) -> NameVerdict {
        let readings = readings(of: name)
        let id = (answers.first ?? nil)?[...]
        let proven = readings.filter { $0.id != nil && $0.id == id }
        // A name that only a proof would make a tenant's is none without it.
        var candidates = proven.isEmpty ? readings.filter { !$0.needsProof } : proven
        let doubts = tenantsInDoubt(readings)
        if candidates.count > 1, !doubts.isEmpty {
            let likely = candidates.filter { isSupported($0, doubts: doubts, evidence: Array(answers.dropFirst())) }
            if !likely.isEmpty { candidates = likely }
        }
        switch candidates.count {
        case 0: return .unrelated
        // More ways than were looked at may fit too.
        case 1 where hasMoreSplits(name) && candidates[0].id != id:
            return .ambiguous(readings.map { reading($0, of: name) })
        case 1: return .reading(reading(candidates[0], of: name))
        default: return .ambiguous(candidates.map { reading($0, of: name) })
        }
    }

    // MARK: Readings

    /// One way to understand a name: parts of it, and nothing made of them until it is needed.
    private struct Reading {
        var kind: Kind
        /// Whether the name is an old one.
        var isOld: Bool
        /// The tenant's id in this reading.
        var tenant: ArraySlice<UInt8>
        /// What the hash's `id` is if this reading is right; nil for summaries, which have none.
        var id: ArraySlice<UInt8>?
        /// Whether the reading counts only if the `id` says so.
        var needsProof = false
    }

    private enum Kind: String {
        case tenant
        case summary
        case destination
    }

    /// What a reading makes of the name.
    private func reading(_ reading: Reading, of name: Bytes) -> NameReading {
        let tail: [ArraySlice<UInt8>]
        switch reading.kind {
        case .tenant: tail = reading.isOld ? [Self.tenant[...]] : []
        case .summary: tail = [Self.destinations[...]]
        case .destination: tail = [Self.destination[...], reading.id ?? []]
        }
        let other =
            reading.isOld
            ? Self.joined([root[...], Self.open[...], reading.tenant, Self.close[...]] + tail)
            : Self.joined([root[...], reading.tenant] + tail)
        let move = KeyMove(
            kind: reading.kind.rawValue,
            source: reading.isOld ? name : other,
            destination: reading.isOld ? other : name
        )
        return reading.isOld ? .source(move) : .destination(move)
    }

    private static func joined(_ parts: [ArraySlice<UInt8>]) -> Bytes {
        var bytes = Bytes()
        bytes.reserveCapacity(parts.reduce(0) { $0 + $1.count })
        for part in parts { bytes.append(contentsOf: part) }
        return bytes
    }

    private static let id = Bytes("id")
    private static let colon = UInt8(ascii: ":")
    private static let open = Bytes("{")
    private static let close = Bytes("}")
    private static let destinations = Bytes(":destinations")
    private static let destination = Bytes(":destination:")
    private static let tenant = Bytes(":tenant")

    private func oldTenant(_ id: ArraySlice<UInt8>) -> Bytes { Self.joined([root[...], id]) }

    private func bracedTenant(_ id: ArraySlice<UInt8>) -> Bytes {
        Self.joined([root[...], Self.open[...], id, Self.close[...]])
    }

    private func newTenant(_ id: ArraySlice<UInt8>) -> Bytes {
        Self.joined([root[...], Self.open[...], id, Self.close[...], Self.tenant[...]])
    }

    private func readings(of name: Bytes) -> [Reading] {
        guard name.starts(with: root) else { return [] }
        let rest = name[root.count...]
        var readings: [Reading] = []
        if let id = rest.dropping(suffix: Self.destinations) {
            readings.append(Reading(kind: .summary, isOld: true, tenant: id))
            if let inner = Self.unbraced(id) { readings.append(Reading(kind: .summary, isOld: false, tenant: inner)) }
        }
        for (before, after) in rest.splits(around: Self.destination, limit: Self.mostSplits) {
            readings.append(Reading(kind: .destination, isOld: true, tenant: before, id: after))
            if let inner = Self.unbraced(before) {
                readings.append(Reading(kind: .destination, isOld: false, tenant: inner, id: after))
            }
        }
        if let id = rest.dropping(suffix: Self.tenant).flatMap(Self.unbraced) {
            readings.append(Reading(kind: .tenant, isOld: false, tenant: id, id: id))
        }
        let needsProof = rest.contains(Self.colon)
        readings.append(Reading(kind: .tenant, isOld: true, tenant: rest, id: rest, needsProof: needsProof))
        return readings
    }

    /// A name with more splits than this is looked at no further: the questions would grow with the square of its length.
    private static let mostSplits = 16

    private func hasMoreSplits(_ name: Bytes) -> Bool {
        name[...].splits(around: Self.destination, limit: Self.mostSplits + 1).count > Self.mostSplits
    }

    /// The id inside braces; nil for what has none.
    private static func unbraced(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        text.count >= 2 && text.first == open[0] && text.last == close[0] ? text.dropFirst().dropLast() : nil
    }

    // MARK: Old or new

    /// The ids in braces for which a name may be new, or old with the braces as part of the id.
    private func tenantsInDoubt(_ readings: [Reading]) -> [ArraySlice<UInt8>] {
        var tenants: [ArraySlice<UInt8>] = []
        for reading in readings where !reading.isOld && reading.kind != .tenant {
            if !tenants.contains(reading.tenant) { tenants.append(reading.tenant) }
        }
        return tenants
    }

    /// Whether a record of the reading's own tenant exists: three answers for each id in doubt, see `match`.
    private func isSupported(_ reading: Reading, doubts: [ArraySlice<UInt8>], evidence: [Bytes?]) -> Bool {
        for (index, inner) in doubts.enumerated() {
            let outer = Self.joined([Self.open[...], inner, Self.close[...]])
            if reading.isOld, reading.tenant == outer[...] { return evidence[3 * index] == outer }
            if !reading.isOld, reading.tenant == inner {
                return evidence[3 * index + 1]?[...] == inner || evidence[3 * index + 2]?[...] == inner
            }
        }
        return false
    }
}
