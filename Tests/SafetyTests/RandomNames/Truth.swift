/// What an application knows of its own records, whatever the programs do with them.
struct Truth: Sendable {
    /// The records that are there, and what their last write left in the field `n`.
    private(set) var alive: [Owner: String] = [:]
    /// Records that were deleted under the name that counted then.
    private(set) var deleted: Set<Owner> = []
    /// Records of which a person has decided, so that nothing is known of them but whose they are.
    private(set) var settled: Set<Owner> = []
    /// Records that were seen under their new names since those count.
    private var arrived: Set<Owner> = []
    private var nextSerial = 1

    /// A new record; the application has yet to write it.
    mutating func create(_ owner: Owner) -> Owner {
        var owner = owner
        owner.serial = nextSerial
        nextSerial += 1
        alive[owner] = "0"
        return owner
    }

    mutating func change(_ owner: Owner, to value: String) { alive[owner] = value }

    /// An old instance has written the old name after the raise: until that is copied, the new one is behind.
    mutating func changeLate(_ owner: Owner, to value: String) {
        alive[owner] = value
        arrived.remove(owner)
    }

    mutating func delete(_ owner: Owner) {
        alive[owner] = nil
        deleted.insert(owner)
    }

    /// A person has chosen a side for the keys of these names.
    mutating func settle(names: Set<String>) {
        for owner in Array(alive.keys) + deleted where names.contains(owner.oldName) || names.contains(owner.newName) {
            settled.insert(owner)
        }
    }

    /// Whether a record of this place is there.
    func has(_ owner: Owner) -> Bool { alive.keys.contains { $0.anySerial == owner.anySerial } }

    /// Whether a record is there whose tenant has none of its own: such a name may be held for a person, by rule.
    var hasRecordWithoutTenant: Bool { alive.keys.contains { !has(Owner($0.tenant, .tenant)) } }

    /// In words, what is wrong with what is there now.
    mutating func faults(of hashes: [String: [String: String]], isRaised: Bool) -> [String] {
        var faults: [String] = []
        for (name, fields) in hashes.sorted(by: { $0.key < $1.key }) {
            guard let owner = fields[Owner.field].flatMap({ Owner(mark: $0) }) else {
                faults.append("\(name) is nobody's: \(fields)")
                continue
            }
            if name != owner.oldName, name != owner.newName {
                faults.append("\(name) holds the record of \(owner.oldName)")
            }
            // What counts before the raise are the old names; from it on, what was deleted must be gone from the new ones.
            let isAuthoritative = isRaised ? name == owner.newName : name == owner.oldName
            if deleted.contains(owner), !settled.contains(owner), isAuthoritative {
                faults.append("\(name) was deleted, and is back")
            }
        }
        for (owner, value) in alive.sorted(by: { $0.key.serial < $1.key.serial }) where !settled.contains(owner) {
            func isWhole(_ name: String) -> Bool {
                guard let fields = hashes[name] else { return false }
                // The migrations after the first convert times.
                let expected = owner.fields(value: value)
                return expected.allSatisfy {
                    $0.key.hasSuffix("_at") ? fields[$0.key] != nil : fields[$0.key] == $0.value
                }
            }
            let isNew = isWhole(owner.newName)
            if !isNew, !isWhole(owner.oldName) {
                faults.append(
                    "lost: \(owner.oldName) = \(hashes[owner.oldName] ?? [:]), "
                        + "\(owner.newName) = \(hashes[owner.newName] ?? [:]), and n was \(value)"
                )
            }
            guard isRaised else { continue }
            if isNew {
                arrived.insert(owner)
            } else if arrived.contains(owner) {
                faults.append("\(owner.newName) has lost what it had")
            }
        }
        return faults
    }
}
