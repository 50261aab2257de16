import RedisClient

/// A hash with what was decided about it.
struct DecidedRewrite {
    /// The hash.
    var item: RewriteItem
    /// What becomes of it.
    var rewrite: FieldRewrite
    /// Whether it is about to expire, and so left alone.
    var isExpiring = false
    /// Whether the reading tells nothing: the hash is to be looked at once more.
    var isIncomplete = false
    /// What is written beside the new values; nil for most hashes, of which there are many.
    var beside: Beside?

    /// What some hashes need besides.
    final class Beside {
        /// The fields that end by themselves, with the time in milliseconds since 1970.
        let ends: [(field: Bytes, end: Int64)]
        /// The entries that follow.
        let entries: [(key: Bytes, field: Bytes, bytes: Bytes)]

        init(ends: [(field: Bytes, end: Int64)], entries: [(key: Bytes, field: Bytes, bytes: Bytes)] = []) {
            self.ends = ends
            self.entries = entries
        }
    }

    /// Whether it is to be written.
    var isChange: Bool {
        if case .change = rewrite { true } else { false }
    }

    /// Adds the commands that write it.
    func append(to commands: inout CommandBuffer) {
        guard case .change(let changes) = rewrite else { return }
        HashWrite(changes: changes, ends: beside?.ends ?? []).append(to: item.key, in: &commands)
        for entry in beside?.entries ?? [] { commands.append("HSET", entry.key, entry.field, entry.bytes) }
    }
}
