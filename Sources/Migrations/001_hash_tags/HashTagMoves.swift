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
        if readings.count == 1, let only = readings.first, !only.needsProof { return .certain(only.reading) }
        var questions = [FieldQuestion(key: name, field: Self.id)]
        for tenant in tenantsInDoubt(readings) {
            questions.append(FieldQuestion(key: root + Self.open + tenant + Self.close, field: Self.id))
            questions.append(FieldQuestion(key: newTenant(tenant), field: Self.id))
            questions.append(FieldQuestion(key: root + tenant, field: Self.id))
        }
        return .open(questions)
    }

    func decide(_ name: Bytes, answers: [Bytes?]) -> NameVerdict {
        let readings = readings(of: name)
        let id = answers.first ?? nil
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
        case 1 where hasMoreSplits(name) && candidates[0].id != id: return .ambiguous(readings.map(\.reading))
        case 1: return .reading(candidates[0].reading)
        default: return .ambiguous(candidates.map(\.reading))
        }
    }

    // MARK: Readings

    /// One way to understand a name.
    private struct Reading {
        var reading: NameReading
        /// The tenant's id in this reading.
        var tenant: Bytes
        /// What the hash's `id` is if this reading is right; nil for summaries, which have none.
        var id: Bytes?
        /// Whether the reading counts only if the `id` says so.
        var needsProof = false
    }

    private static let id = Bytes("id")
    private static let colon = UInt8(ascii: ":")
    private static let open = Bytes("{")
    private static let close = Bytes("}")
    private static let destinations = Bytes(":destinations")
    private static let destination = Bytes(":destination:")
    private static let tenant = Bytes(":tenant")

    private func newTenant(_ id: Bytes) -> Bytes { root + Self.open + id + Self.close + Self.tenant }

    private func readings(of name: Bytes) -> [Reading] {
        guard let rest = name.dropping(prefix: root) else { return [] }
        var readings: [Reading] = []
        if let id = rest.dropping(suffix: Self.destinations) {
            readings.append(summary(id, isSource: true))
            if let inner = Self.unbraced(id) { readings.append(summary(inner, isSource: false)) }
        }
        for (before, after) in rest.splits(around: Self.destination, limit: Self.mostSplits) {
            readings.append(destination(of: before, id: after, isSource: true))
            if let inner = Self.unbraced(before) {
                readings.append(destination(of: inner, id: after, isSource: false))
            }
        }
        if let id = rest.dropping(suffix: Self.tenant).flatMap(Self.unbraced) {
            readings.append(tenant(id, isSource: false))
        }
        var plain = tenant(rest, isSource: true)
        plain.needsProof = rest.contains(Self.colon)
        return readings + [plain]
    }

    /// A name with more splits than this is looked at no further: the questions would grow with the square of its length.
    private static let mostSplits = 16

    private func hasMoreSplits(_ name: Bytes) -> Bool {
        name.splits(around: Self.destination, limit: Self.mostSplits + 1).count > Self.mostSplits
    }

    private func tenant(_ id: Bytes, isSource: Bool) -> Reading {
        let move = KeyMove(kind: "tenant", source: root + id, destination: newTenant(id))
        return Reading(reading: isSource ? .source(move) : .destination(move), tenant: id, id: id)
    }

    private func summary(_ id: Bytes, isSource: Bool) -> Reading {
        let move = KeyMove(
            kind: "summary",
            source: root + id + Self.destinations,
            destination: root + Self.open + id + Self.close + Self.destinations
        )
        return Reading(reading: isSource ? .source(move) : .destination(move), tenant: id, id: nil)
    }

    private func destination(of tenant: Bytes, id: Bytes, isSource: Bool) -> Reading {
        let tail = Self.destination + id
        let move = KeyMove(
            kind: "destination",
            source: root + tenant + tail,
            destination: root + Self.open + tenant + Self.close + tail
        )
        return Reading(reading: isSource ? .source(move) : .destination(move), tenant: tenant, id: id)
    }

    /// The id inside braces; nil for what has none.
    private static func unbraced(_ text: Bytes) -> Bytes? {
        text.count >= 2 && text.first == open[0] && text.last == close[0] ? Array(text.dropFirst().dropLast()) : nil
    }

    // MARK: Old or new

    /// The ids in braces for which a name may be new, or old with the braces as part of the id.
    private func tenantsInDoubt(_ readings: [Reading]) -> [Bytes] {
        var tenants: [Bytes] = []
        for reading in readings where !reading.reading.isOld && reading.reading.move.kind != "tenant" {
            if !tenants.contains(reading.tenant) { tenants.append(reading.tenant) }
        }
        return tenants
    }

    /// Whether a record of the reading's own tenant exists: three answers for each id in doubt, see `match`.
    private func isSupported(_ reading: Reading, doubts: [Bytes], evidence: [Bytes?]) -> Bool {
        for (index, inner) in doubts.enumerated() {
            let outer = Self.open + inner + Self.close
            if reading.reading.isOld, reading.tenant == outer { return evidence[3 * index] == outer }
            if !reading.reading.isOld, reading.tenant == inner {
                return evidence[3 * index + 1] == inner || evidence[3 * index + 2] == inner
            }
        }
        return false
    }
}

extension NameReading {
    /// Whether the name is an old one.
    fileprivate var isOld: Bool {
        if case .source = self { return true }
        return false
    }
}
