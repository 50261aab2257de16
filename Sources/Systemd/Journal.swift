import CSystemd

/// The way into the journal: one call of sd_journal_sendv(3).
enum Journal {
    /// Sends an entry and tells whether libsystemd could do so.
    ///
    /// Where journald's socket does not exist libsystemd drops the entry and reports success: there is no journal, and
    /// nobody to tell. `false` is a journal that should be there and is not, as when its socket refuses connections.
    static func send(_ entry: JournalEntry) -> Bool {
        var lengths: [Int] = []
        var bytes: [UInt8] = []
        for field in entry.fields {
            let field = field.bytes
            lengths.append(field.count)
            bytes += field
        }
        return bytes.withUnsafeMutableBytes { buffer in
            guard var next = buffer.baseAddress else { return true }
            let vectors = lengths.map { length in
                defer { next += length }
                return iovec(iov_base: next, iov_len: length)
            }
            return sd_journal_sendv(vectors, Int32(vectors.count)) >= 0
        }
    }
}
