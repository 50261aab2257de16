/// Which source was found first for each new name: of two sources of one new name only that one is copied.
///
/// Whoever writes remembers a batch's: beyond it the entry of the first one tells. A plan writes no entry, so it remembers
/// names that more than one source may have for the whole walk, and not only for a batch.
struct FirstSources {
    /// What tells whether a name may have more than one source; nil where entries are written.
    private let moves: (any KeyMoves)?
    private var ofBatch: [KeyName: UInt64] = [:]
    private var ofWalk: [KeyName: UInt64] = [:]

    /// Names that more than one source may have are rare; of more than these, those of other batches are forgotten.
    private static let mostOfWalk = 10_000

    /// `moves` are given where no entries are written.
    init(remembering moves: (any KeyMoves)?) {
        self.moves = moves
    }

    /// Forgets what only counted for a batch.
    mutating func beginBatch() {
        ofBatch.removeAll(keepingCapacity: true)
    }

    /// Whether no other source was found before for the pair's new name.
    mutating func isFirst(_ pair: Pair) -> Bool {
        let name = KeyName(pair.move.destination)
        if let first = ofWalk[name] ?? ofBatch[name] { return first == pair.sourceName }
        if let moves, ofWalk.count < Self.mostOfWalk, moves.likelyCopy(name.bytes) == nil {
            ofWalk[name] = pair.sourceName
        } else {
            ofBatch[name] = pair.sourceName
        }
        return true
    }
}
