import RedisClient

/// A hash on its walk, with the places of its entries in the ledgers of earlier migrations.
///
/// One reference, since it is handed on a few times for every hash.
final class RewriteItem: Sendable {
    /// The key.
    let key: Bytes
    /// What it holds.
    let kind: String
    /// How many bytes it took when it was listed; 0 where only fields of it are read, whatever it takes.
    let memory: Int
    /// Where each earlier ledger keeps its entry.
    let places: [(key: Bytes, field: Bytes)]
    /// What its name most likely means, where only its fields and its entry tell whether it is that; nil once it is known.
    let likely: (any LikelyCopy)?
    /// Those of the fields that could refute that which are its own.
    let refutations: ArraySlice<FieldAnswer>
    /// Whether they did not tell: all that there is to ask of its name must be asked.
    let isInDoubt: Bool
    /// Whether it had none of the fields that were asked, so that the next look asks whether it is there at all.
    let mayBeGone: Bool
    /// The names of its fields that matter; nil where they were not asked for, since no field ends.
    let fields: [Bytes]?

    init(
        key: Bytes,
        kind: String,
        memory: Int = 0,
        places: [(key: Bytes, field: Bytes)] = [],
        likely: (any LikelyCopy)? = nil,
        isInDoubt: Bool = false,
        mayBeGone: Bool = false,
        fields: [Bytes]? = nil
    ) {
        self.key = key
        self.kind = kind
        self.memory = memory
        self.places = places
        self.likely = likely
        refutations = likely.map { $0.refutations[..<$0.ownRefutations] } ?? []
        self.isInDoubt = isInDoubt
        self.mayBeGone = mayBeGone
        self.fields = fields
    }

    /// The same, with all questions about its name where that may mean something else.
    var inDoubt: RewriteItem {
        likely == nil
            ? self : RewriteItem(key: key, kind: kind, memory: memory, places: places, likely: likely, isInDoubt: true)
    }

    /// The same, of which it is asked whether it is there.
    var perhapsGone: RewriteItem { copy(mayBeGone: true, fields: fields) }

    /// The same, with the names of its fields.
    func with(fields: [Bytes]) -> RewriteItem { copy(mayBeGone: mayBeGone, fields: fields) }

    private func copy(mayBeGone: Bool, fields: [Bytes]?) -> RewriteItem {
        RewriteItem(
            key: key,
            kind: kind,
            memory: memory,
            places: places,
            likely: likely,
            isInDoubt: isInDoubt,
            mayBeGone: mayBeGone,
            fields: fields
        )
    }
}
