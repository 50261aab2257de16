/// A name with several readings between which its own content does not decide, and what is known besides.
///
/// What this program copied is known from the ledger, whatever the names could mean. Records of other keys are only
/// evidence: they come and go, and a name that is read by them alone may be somebody else's.
struct NameDoubt {
    /// The readings that the name and its content allow.
    let readings: [NameReading]
    /// The reading for which records of other keys speak, with the kind of record; nil if none or several do.
    var likely: (reading: NameReading, evidence: NameEvidence)?
    /// For each reading, whether the ledger has an entry for its pair.
    var isKnown: [Bool]
    /// For each reading, whether the other key of its pair is there too.
    var isPaired: [Bool]
    /// Whether the ledger says that the record under its new name that speaks for the likely reading is a copy of ours.
    var isEvidenceCopied = false

    /// The reading that counts; nil if the name is ambiguous.
    ///
    /// Once applications use the new names, a new key is nothing unusual. Before that it is: it counts only if its old
    /// key is there too, or if its owner never had an old name. An old key is copied on evidence only while nobody uses
    /// new names and no other pair could have left it there.
    func reading(newNamesAreInUse: Bool) -> NameReading? {
        let known = readings.indices.filter { isKnown[$0] }
        #if SEEDED_BUGS
            if SeededBug.isOn(.evidenceBeforeLedger), let likely { return likely.reading }
        #endif
        guard known.isEmpty else { return known.count == 1 ? readings[known[0]] : nil }
        guard let likely, let place = readings.firstIndex(of: likely.reading) else { return nil }
        switch (likely.reading, newNamesAreInUse) {
        case (.source, true): return isPaired[place] ? likely.reading : nil
        case (.source, false):
            let isContested = readings.indices.contains { !readings[$0].isSource && isPaired[$0] }
            return isContested ? nil : likely.reading
        case (.destination, true): return likely.reading
        case (.destination, false): return isPaired[place] || isOfNewcomer(likely.evidence) ? likely.reading : nil
        }
    }

    /// Whether the evidence is of an owner that never had an old name.
    private func isOfNewcomer(_ evidence: NameEvidence) -> Bool {
        switch evidence {
        case .sourceRecord: return false
        case .destinationRecord: return !isEvidenceCopied
        }
    }
}
