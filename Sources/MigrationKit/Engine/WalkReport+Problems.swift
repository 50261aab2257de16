extension WalkReport {
    /// Why a verify is not valid, in sentences; empty when it is.
    ///
    /// So many pairs that are `inUse` are accepted, however many few are.
    func problems(isRaised: Bool, acceptedInUse: Int = 0) -> [String] {
        var problems: [String] = []
        if let conflicts = findings[.conflict] {
            problems.append("\(conflicts) pairs are in conflict: somebody else wrote their destination.")
        }
        if impossible > 0 {
            problems.append("\(impossible) hashes hold values that cannot be converted.")
        }
        if ambiguous > 0 {
            problems.append("\(ambiguous) keys can be read in two ways, and their content does not decide.")
        }
        if let tooLarge = held.counts["tooLarge"] {
            problems.append("\(tooLarge) keys are larger than limits.key-bytes.")
        }
        if let wrong = findings[.wrong] {
            problems.append("\(wrong) pairs are not as apply left them; apply again.")
        }
        if hot > 0 {
            problems.append("\(hot) pairs changed faster than they could be compared; verify again when it is calmer.")
        }
        for (pairClass, count) in fewByClass.sorted(by: { $0.key.rawValue < $1.key.rawValue })
        where Few.isMany(count, of: pairs) {
            if pairClass == .inUse {
                if count > acceptedInUse {
                    problems.append(
                        "\(count) pairs are inUse, more than few: their new keys were written since they were copied. If the "
                            + "applications did that, approve verify, which accepts so many."
                    )
                }
                continue
            }
            let isLost = isRaised && pairClass == .destinationMissing
            problems.append(
                isLost
                    ? "\(count) new keys are gone, more than few: new applications deleted them, or they were lost. Nothing "
                        + "copies them again; look at the data and its backups."
                    : "\(count) pairs are \(pairClass.rawValue), more than few; apply again."
            )
        }
        let changed = rewrites.values.reduce(0) { $0 + $1.changed }
        if Few.isMany(changed, of: rewrites.values.reduce(0) { $0 + $1.total }) {
            problems.append("\(changed) hashes were not converted, more than few; apply again.")
        }
        return problems
    }

    /// How many pairs are `inUse` where that is more than few.
    var manyInUse: Int? {
        fewByClass[.inUse].flatMap { Few.isMany($0, of: pairs) ? $0 : nil }
    }

    /// Whether a verify that is not valid stays so until a person has done something: applying again does not help.
    func needsPerson(isRaised: Bool) -> Bool {
        let areManyGone = isRaised && Few.isMany(fewByClass[.destinationMissing] ?? 0, of: pairs)
        return (findings[.conflict] ?? 0) > 0 || ambiguous > 0 || held.counts["tooLarge"] != nil || areManyGone
    }
}
