import MigrationKit
import RedisClient

/// The old and the new names of tenants, destination summaries and destinations.
///
/// Ids may hold any byte, ':' and braces too, so a name can fit several readings. The hash's own `id` decides between
/// them. It cannot if both an old and a new name end in the same destination's id, and summaries have no id at all: then
/// the records of the two tenants are evidence, which is weaker than what the ledger says.
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
        var found: Reading?
        var isUnclear = false
        var old = Places()
        var count = 0
        var withoutProof = 0
        eachReading(of: name) { reading in
            count += 1
            if !reading.needsProof { withoutProof += 1 }
            if reading.isOld {
                if let id = reading.id { old.append(id) }
            } else {
                isUnclear = found != nil
                found = reading
            }
        }
        // Of more readings than one old and one new, no other key's record is evidence for one.
        guard let new = found, !isUnclear, withoutProof <= 2, count < Self.mostSplits || !hasMoreSplits(name) else {
            return nil
        }
        // The id that an old name has in common with the new one refutes neither.
        if let id = new.id { old.removeAll { name.isSame($0, id) } }
        return Copy(of: name, reading: new, moves: self, refuting: old)
    }

    private final class Copy: LikelyCopy {
        let destination: Bytes
        private let reading: Reading
        private let moves: HashTagMoves
        /// The ids of what the name is instead, if its own `id` says so.
        private let refuting: Places

        init(of name: Bytes, reading: Reading, moves: HashTagMoves, refuting: Places) {
            destination = name
            self.reading = reading
            self.moves = moves
            self.refuting = refuting
        }

        var ownRefutations: Int { refuting.count }
        /// The name begins with that of the tenant whose id has these braces, except where it is a tenant's own.
        var refutationCount: Int { refuting.count + (reading.kind == .tenant ? 0 : 1) }

        func refutation(at index: Int) -> FieldAnswer {
            guard index == refuting.count else {
                let own = FieldQuestion(key: destination, field: HashTagMoves.id)
                return FieldAnswer(own, answer: destination[refuting[index]])
            }
            let end = reading.tenant.upperBound + HashTagMoves.close.count
            let braced = FieldQuestion(key: Bytes(destination[..<end]), field: HashTagMoves.id)
            return FieldAnswer(braced, answer: destination[moves.root.count..<end])
        }

        var kind: String { reading.kind.rawValue }
        var type: ValueType { .hash }
        var move: KeyMove { moves.reading(reading, of: destination).move }
        var proofMove: KeyMove? {
            reading.kind == .tenant ? nil : moves.tenantMove(destination[reading.tenant])
        }

        /// The tenant's own new record: without it an old name whose tenant has these braces is as likely.
        var proof: FieldAnswer {
            let id = destination[reading.tenant]
            let key = reading.kind == .tenant ? destination : moves.newTenant(id)
            return FieldAnswer(FieldQuestion(key: key, field: HashTagMoves.id), answer: id)
        }
    }

    func decide(_ name: Bytes, answers: [Bytes?]) -> NameVerdict {
        let readings = readings(of: name)
        let id = (answers.first ?? nil)?[...]
        let proven = readings.filter { $0.id.map { name[$0] == id } ?? false }
        // A name that only a proof would make a tenant's is none without it.
        let candidates = proven.isEmpty ? readings.filter { !$0.needsProof } : proven
        guard candidates.count > 1 || proven.isEmpty else { return .reading(reading(candidates[0], of: name)) }
        guard let only = candidates.first else { return .unrelated }
        // More ways than were looked at may fit too.
        if proven.isEmpty, readings.count >= Self.mostSplits, hasMoreSplits(name) {
            return .ambiguous(readings.map { reading($0, of: name) })
        }
        if candidates.count == 1 { return .reading(reading(only, of: name)) }
        let all = candidates.map { reading($0, of: name) }
        guard let likely = supported(candidates, among: readings, of: name, evidence: answers.dropFirst()) else {
            return .ambiguous(all)
        }
        return .likely(all[likely.index], among: all, by: likely.evidence)
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
        var readings: [Reading] = []
        readings.reserveCapacity(4)
        eachReading(of: name) { readings.append($0) }
        return readings
    }

    /// Calls a function with each reading: made for every name of the keyspace, so without a list of them.
    private func eachReading(of name: Bytes, _ body: (Reading) -> Void) {
        guard name.hold(root, at: 0) else { return }
        let rest = root.count..<name.count
        if let id = name.range(rest, droppingSuffix: Self.destinations) {
            body(Reading(kind: .summary, isOld: true, tenant: id))
            if let inner = Self.unbraced(id, in: name) {
                body(Reading(kind: .summary, isOld: false, tenant: inner))
            }
        }
        name.eachPlace(of: Self.destination, in: rest, limit: Self.mostSplits) { start in
            let (before, after) = (rest.lowerBound..<start, start + Self.destination.count..<rest.upperBound)
            body(Reading(kind: .destination, isOld: true, tenant: before, id: after))
            if let inner = Self.unbraced(before, in: name) {
                body(Reading(kind: .destination, isOld: false, tenant: inner, id: after))
            }
        }
        if let id = name.range(rest, droppingSuffix: Self.tenant).flatMap({ Self.unbraced($0, in: name) }) {
            body(Reading(kind: .tenant, isOld: false, tenant: id, id: id))
        }
        let needsProof = name.place(of: Self.colon, in: rest) != nil
        body(Reading(kind: .tenant, isOld: true, tenant: rest, id: rest, needsProof: needsProof))
    }

    /// A name with more splits than this is looked at no further: the questions would grow with the square of its length.
    private static let mostSplits = 16

    private func hasMoreSplits(_ name: Bytes) -> Bool {
        var count = 0
        name.eachPlace(of: Self.destination, in: 0..<name.count, limit: Self.mostSplits + 1) { _ in count += 1 }
        return count > Self.mostSplits
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

    /// Which of two readings a tenant's record speaks for: three answers for each id in doubt, see `match`. Nil if records
    /// speak for both or for none, or if there are other readings than the old and the new one of the same parts.
    private func supported(
        _ candidates: [Reading],
        among readings: [Reading],
        of name: Bytes,
        evidence: ArraySlice<Bytes?>
    ) -> (index: Int, evidence: NameEvidence)? {
        guard candidates.count == 2, let new = candidates.firstIndex(where: { !$0.isOld }) else { return nil }
        let old = 1 - new
        let inner = name[candidates[new].tenant]
        let outer = Self.joined([Self.open[...], inner, Self.close[...]])
        guard candidates[old].isOld, candidates[old].kind == candidates[new].kind,
            name[candidates[old].tenant] == outer[...],
            let doubt = tenantsInDoubt(readings, of: name).firstIndex(where: { name[$0] == inner })
        else { return nil }
        let answers = Array(evidence.dropFirst(3 * doubt).prefix(3))
        guard answers.count == 3 else { return nil }
        let isBraced = answers[0] == outer
        let (isNew, isOld) = (answers[1]?[...] == inner, answers[2]?[...] == inner)
        switch (isBraced, isNew || isOld) {
        case (true, false): return (old, .sourceRecord)
        case (false, true): return (new, isOld ? .sourceRecord : .destinationRecord(tenantMove(inner)))
        case (true, true), (false, false): return nil
        }
    }

    /// The pair of a tenant's own record.
    private func tenantMove(_ id: ArraySlice<UInt8>) -> KeyMove {
        KeyMove(kind: Kind.tenant.rawValue, source: oldTenant(id), destination: newTenant(id))
    }
}
