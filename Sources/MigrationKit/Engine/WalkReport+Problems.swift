extension WalkReport {
    /// Why a verify is not valid, in sentences; empty when it is.
    ///
    /// A person has accepted this many pairs that are `inUse`.
    func problems(isRaised: Bool, acceptedInUse: Int = 0) -> [String] {
        var problems: [String] = []
        if let conflicts = findings[.conflict] {
            problems.append(
                Self.told(
                    conflicts,
                    "pair is in conflict: somebody else wrote its destination.",
                    "pairs are in conflict: somebody else wrote their destination."
                )
            )
        }
        if impossible > 0 {
            let suchAs = held.samples.first { $0.field != nil }.map { ": \($0.field ?? "") of \($0.key)" } ?? ""
            problems.append(
                Self.told(
                    impossible,
                    "hash holds a value that cannot be converted\(suchAs).",
                    "hashes hold values that cannot be converted\(suchAs)."
                )
            )
        }
        if ambiguous > 0 {
            problems.append(
                Self.told(
                    ambiguous,
                    "key can be read in two ways, and its content does not decide.",
                    "keys can be read in two ways, and their content does not decide."
                )
            )
        }
        for (reason, one, many) in Self.untouchable {
            guard let count = held.counts[reason] else { continue }
            problems.append(Self.told(count, one, many))
        }
        if let wrong = findings[.wrong] {
            problems.append(
                Self.told(
                    wrong,
                    "pair is not as apply left it; apply again.",
                    "pairs are not as apply left them; apply again."
                )
            )
        }
        if hot > 0 {
            problems.append(
                Self.told(
                    hot,
                    "pair changed faster than it could be compared; verify again when it is calmer.",
                    "pairs changed faster than they could be compared; verify again when it is calmer."
                )
            )
        }
        if let count = manyUncopied(isRaised: isRaised) {
            problems.append(
                "\(count) old keys have no new one, more than few, although another tool says that it has copied. If it has not, "
                    + "`resolve --all --reason-is reappeared --keep source` copies them; if applications deleted the new "
                    + "ones, remove the old ones."
            )
        }
        if let count = unacceptedInUse(acceptedInUse) {
            problems.append(
                Self.told(
                    count,
                    "pair is inUse: its new key was written",
                    "pairs are inUse: their new keys were written"
                )
                    + " since they were copied, before the version is raised. If that is right, accept this many "
                    + "(`approve` verify, or `verify --accept-in-use \(count)`); if not, `resolve --keep source` copies "
                    + "the old keys again."
            )
        }
        for (pairClass, count) in fewByClass.sorted(by: { $0.key.rawValue < $1.key.rawValue })
        where Few.isMany(count, of: pairs) {
            let isLost = isRaised && pairClass == .destinationMissing
            problems.append(
                isLost
                    ? "\(count) new keys are gone, more than few: new applications deleted them, or they were lost. If they "
                        + "deleted them, remove the old keys too; if they are lost, `resolve --keep source` copies the old ones."
                    : "\(count) pairs are \(pairClass.rawValue), more than few; apply again."
            )
        }
        let changed = rewrites.values.reduce(0) { $0 + $1.changed }
        if Few.isMany(changed, of: rewrites.values.reduce(0) { $0 + $1.total }) {
            problems.append("\(changed) hashes were not converted, more than few; apply again.")
        }
        return problems
    }

    /// Reasons for which a key was not looked at, with their sentences.
    private static let untouchable = [
        ("tooLarge", "key is larger than limits.key-bytes.", "keys are larger than limits.key-bytes."),
        (
            "tooLong", "key has a name of more than \(NameBound.text).",
            "keys have names of more than \(NameBound.text)."
        ),
        (
            "refused", "key exceeds a limit of the server, which hangs up on requests about it.",
            "keys exceed a limit of the server, which hangs up on requests about them."
        ),
        (
            "tooSlow", "key did not come within the time-out, while the server answered everything else.",
            "keys did not come within the time-out, while the server answered everything else."
        ),
    ]

    /// Whether keys are held that were not looked at.
    var hasUntouched: Bool { Self.untouchable.contains { held.counts[$0.0] != nil } }

    private static func told(_ count: Int, _ one: String, _ many: String) -> String {
        "\(count) \(count == 1 ? one : many)"
    }

    /// How many old keys nothing copies before the raise, if they are many: then the new names would lack them.
    private func manyUncopied(isRaised: Bool) -> Int? {
        guard !isRaised, let count = listed[.reappeared], Few.isMany(count, of: pairs) else { return nil }
        return count
    }

    /// How many pairs are `inUse`, if that is more than a person has accepted.
    func unacceptedInUse(_ accepted: Int) -> Int? {
        #if SEEDED_BUGS
            if SeededBug.isOn(.fewInUse), !Few.isMany(findings[.unaccepted] ?? 0, of: pairs) { return nil }
        #endif
        return findings[.unaccepted].flatMap { $0 > accepted ? $0 : nil }
    }

    /// What is held once this many pairs that are `inUse` have been accepted.
    func held(acceptingInUse accepted: Int) -> HeldKeys {
        unacceptedInUse(accepted) == nil ? held.without(reason: PairClass.inUse.rawValue) : held
    }

    /// Whether a verify that is not valid stays so until a person has done something: applying again does not help.
    func needsPerson(isRaised: Bool, acceptedInUse: Int = 0) -> Bool {
        let areManyGone = isRaised && Few.isMany(fewByClass[.destinationMissing] ?? 0, of: pairs)
        return (findings[.conflict] ?? 0) > 0 || ambiguous > 0 || hasUntouched || areManyGone
            || unacceptedInUse(acceptedInUse) != nil || manyUncopied(isRaised: isRaised) != nil
    }
}
