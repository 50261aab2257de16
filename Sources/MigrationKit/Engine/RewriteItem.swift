import RedisClient

/// A hash on its walk, with the places of its entries in the ledgers of earlier migrations.
///
/// One reference, since it is handed on a few times for every hash; and small, since most hashes have nothing but a name.
final class RewriteItem: Sendable {
    /// The key.
    let key: Bytes
    /// What it holds.
    let kind: String
    /// What its name most likely means, where only its fields and its entry tell whether it is that; nil once it is known.
    let likely: (any LikelyCopy)?
    /// Whether they did not tell: all that there is to ask of its name must be asked.
    let isInDoubt: Bool
    /// Whether it had none of the fields that were asked, so that the next look asks whether it is there at all.
    let mayBeGone: Bool
    private let more: More?

    /// What only some hashes have.
    private final class More: Sendable {
        let memory: Int
        let places: [(key: Bytes, field: Bytes)]
        let fields: [Bytes]?

        init(memory: Int, places: [(key: Bytes, field: Bytes)], fields: [Bytes]?) {
            self.memory = memory
            self.places = places
            self.fields = fields
        }
    }

    /// How many bytes it took when it was listed; 0 where only fields of it are read, whatever it takes.
    var memory: Int { more?.memory ?? 0 }
    /// Where each earlier ledger keeps its entry.
    var places: [(key: Bytes, field: Bytes)] { more?.places ?? [] }
    /// The names of its fields that matter; nil where they were not asked for, since no field ends.
    var fields: [Bytes]? { more?.fields }
    /// Whether there is no ledger, so that only fields of it are read and written.
    var isOfFieldsAlone: Bool { more?.places.isEmpty ?? true }

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
        self.likely = likely
        self.isInDoubt = isInDoubt
        self.mayBeGone = mayBeGone
        let isBare = memory == 0 && places.isEmpty && fields == nil
        more = isBare ? nil : More(memory: memory, places: places, fields: fields)
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

    /// The same, with what it takes.
    func with(memory: Int) -> RewriteItem { copy(mayBeGone: mayBeGone, fields: fields, memory: memory) }

    private func copy(mayBeGone: Bool, fields: [Bytes]?, memory: Int? = nil) -> RewriteItem {
        RewriteItem(
            key: key,
            kind: kind,
            memory: memory ?? self.memory,
            places: places,
            likely: likely,
            isInDoubt: isInDoubt,
            mayBeGone: mayBeGone,
            fields: fields
        )
    }
}
