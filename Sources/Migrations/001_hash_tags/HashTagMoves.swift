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
        for tenant in tenantsInDoubt(readings, of: name) {
            questions.append(FieldQuestion(key: bracedTenant(name[tenant]), field: Self.id))
            questions.append(FieldQuestion(key: newTenant(name[tenant]), field: Self.id))
            questions.append(FieldQuestion(key: oldTenant(name[tenant]), field: Self.id))
        }
        return .open(questions)
    }

    /// A name that looks like a new one, and like nothing else than that or an old id with those very braces.
    func likelyCopy(_ name: Bytes) -> (any LikelyCopy)? {
        // A new name has its tenant in braces, or what comes before is part of an id.
        guard name.count > root.count, name[root.count] == Self.brace, name.hold(root, at: 0) else { return nil }
        let readings = readings(of: name)
        var found: Reading?
        for reading in readings where !reading.isOld {
            guard found == nil else { return nil }
            found = reading
        }
        guard let new = found, readings.count < Self.mostSplits || !hasMoreSplits(name) else { return nil }
        var refutations: [FieldAnswer] = []
        refutations.reserveCapacity(2)
        for old in readings where old.isOld {
            guard let id = old.id, !(new.id.map { name.isSame($0, id) } ?? false) else { continue }
            refutations.append(FieldAnswer(FieldQuestion(key: name, field: Self.id), answer: name[id]))
        }
        let own = refutations.count
        if new.kind != .tenant {
            // The name begins with that of the tenant whose id has these braces.
            let end = new.tenant.upperBound + Self.close.count
            let braced = FieldQuestion(key: Bytes(name[..<end]), field: Self.id)
            refutations.append(FieldAnswer(braced, answer: name[root.count..<end]))
        }
        return Copy(of: name, reading: new, moves: self, refutations: refutations, own: own)
    }

    private final class Copy: LikelyCopy {
        let destination: Bytes
        let refutations: [FieldAnswer]
        let ownRefutations: Int
        private let reading: Reading
        private let moves: HashTagMoves

        init(of name: Bytes, reading: Reading, moves: HashTagMoves, refutations: [FieldAnswer], own: Int) {
            destination = name
            self.refutations = refutations
            ownRefutations = own
            self.reading = reading
            self.moves = moves
        }

        var kind: String { reading.kind.rawValue }
        var type: ValueType { .hash }
        var move: KeyMove { moves.reading(reading, of: destination).move }
        var provesItself: Bool { reading.kind == .tenant }

        /// The tenant's own new record: without it an old name whose tenant has these braces is as likely.
        var proof: FieldAnswer {
            let id = destination[reading.tenant]
            let key = provesItself ? destination : moves.newTenant(id)
            return FieldAnswer(FieldQuestion(key: key, field: HashTagMoves.id), answer: id)
        }
    }

    func decide(_ name: Bytes, answers: [Bytes?]) -> NameVerdict {
        let readings = readings(of: name)
        let id = (answers.first ?? nil)?[...]
        let proven = readings.filter { $0.id.map { name[$0] == id } ?? false }
        // A name that only a proof would make a tenant's is none without it.
        var candidates = proven.isEmpty ? readings.filter { !$0.needsProof } : proven
        if candidates.count > 1 {
            let doubts = tenantsInDoubt(readings, of: name)
            let evidence = Array(answers.dropFirst())
            let likely =
                doubts.isEmpty
                ? [] : candidates.filter { isSupported($0, of: name, doubts: doubts, evidence: evidence) }
            if !likely.isEmpty { candidates = likely }
        }
        switch candidates.count {
        case 0: return .unrelated
        // More ways than were looked at may fit too.
        case 1
        where readings.count >= Self.mostSplits && hasMoreSplits(name)
            && candidates[0].id.map({ name[$0] }) != id:
            return .ambiguous(readings.map { reading($0, of: name) })
        case 1: return .reading(reading(candidates[0], of: name))
        default: return .ambiguous(candidates.map { reading($0, of: name) })
        }
    }

    // MARK: Readings

    /// One way to understand a name: where its parts are, and nothing made of them until it is needed.
    private struct Reading {
        var kind: Kind
        /// Whether the name is an old one.
        var isOld: Bool
        /// The tenant's id in this reading.
        var tenant: Range<Int>
        /// What the hash's `id` is if this reading is right; nil for summaries, which have none.
        var id: Range<Int>?
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
        // Made for every name: in one piece, and nothing between.
        var other = Bytes()
        other.reserveCapacity(name.count + Self.tenant.count + 2)
        other += root
        if reading.isOld { other += Self.open }
        other += name[reading.tenant]
        if reading.isOld { other += Self.close }
        switch reading.kind {
        case .tenant: if reading.isOld { other += Self.tenant }
        case .summary: other += Self.destinations
        case .destination:
            other += Self.destination
            if let id = reading.id { other += name[id] }
        }
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
    private static let brace = UInt8(ascii: "{")
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
        guard name.hold(root, at: 0) else { return [] }
        let rest = root.count..<name.count
        var readings: [Reading] = []
        readings.reserveCapacity(4)
        if let id = name.range(rest, droppingSuffix: Self.destinations) {
            readings.append(Reading(kind: .summary, isOld: true, tenant: id))
            if let inner = Self.unbraced(id, in: name) {
                readings.append(Reading(kind: .summary, isOld: false, tenant: inner))
            }
        }
        for start in name.places(of: Self.destination, in: rest, limit: Self.mostSplits) {
            let (before, after) = (rest.lowerBound..<start, start + Self.destination.count..<rest.upperBound)
            readings.append(Reading(kind: .destination, isOld: true, tenant: before, id: after))
            if let inner = Self.unbraced(before, in: name) {
                readings.append(Reading(kind: .destination, isOld: false, tenant: inner, id: after))
            }
        }
        if let id = name.range(rest, droppingSuffix: Self.tenant).flatMap({ Self.unbraced($0, in: name) }) {
            readings.append(Reading(kind: .tenant, isOld: false, tenant: id, id: id))
        }
        let needsProof = name.place(of: Self.colon, in: rest) != nil
        readings.append(Reading(kind: .tenant, isOld: true, tenant: rest, id: rest, needsProof: needsProof))
        return readings
    }

    /// A name with more splits than this is looked at no further: the questions would grow with the square of its length.
    private static let mostSplits = 16

    private func hasMoreSplits(_ name: Bytes) -> Bool {
        name.places(of: Self.destination, in: 0..<name.count, limit: Self.mostSplits + 1).count > Self.mostSplits
    }

    /// The id inside braces; nil for what has none.
    private static func unbraced(_ text: Range<Int>, in name: Bytes) -> Range<Int>? {
        guard text.count >= 2, name[text.lowerBound] == brace, name[text.upperBound - 1] == UInt8(ascii: "}") else {
            return nil
        }
        return text.lowerBound + 1..<text.upperBound - 1
    }

    // MARK: Old or new

    /// The ids in braces for which a name may be new, or old with the braces as part of the id.
    private func tenantsInDoubt(_ readings: [Reading], of name: Bytes) -> [Range<Int>] {
        var tenants: [Range<Int>] = []
        for reading in readings where !reading.isOld && reading.kind != .tenant {
            if !tenants.contains(where: { name[$0] == name[reading.tenant] }) { tenants.append(reading.tenant) }
        }
        return tenants
    }

    /// Whether a record of the reading's own tenant exists: three answers for each id in doubt, see `match`.
    private func isSupported(_ reading: Reading, of name: Bytes, doubts: [Range<Int>], evidence: [Bytes?]) -> Bool {
        let tenant = name[reading.tenant]
        for (index, doubt) in doubts.enumerated() {
            let inner = name[doubt]
            let outer = Self.joined([Self.open[...], inner, Self.close[...]])
            if reading.isOld, tenant == outer[...] { return evidence[3 * index] == outer }
            if !reading.isOld, tenant == inner {
                return evidence[3 * index + 1]?[...] == inner || evidence[3 * index + 2]?[...] == inner
            }
        }
        return false
    }
}
