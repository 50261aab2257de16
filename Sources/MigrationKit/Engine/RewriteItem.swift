import RedisClient

/// A hash on its walk, with the places of its entries in the ledgers of earlier migrations.
struct RewriteItem {
    /// The key.
    var key: Bytes
    /// What it holds.
    var kind: String
    /// How many bytes it took when it was listed; 0 where only fields of it are read, whatever it takes.
    var memory = 0
    /// The names of its fields that matter; nil where they were not asked for, since no field ends.
    var fields: [Bytes]?
    /// Where each earlier ledger keeps its entry.
    var places: [(key: Bytes, field: Bytes)]
    /// What its name most likely means, where only its fields and its entry tell whether it is that; nil once it is known.
    var likely: LikelyCopy?
    /// Whether they did not: all names like it must be asked about.
    var isInDoubt = false
}
