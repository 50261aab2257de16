import TestSupport

/// What servers have counted of themselves since they were started, summed up.
struct ServerCounters: Sendable {
    /// Processor time of all their threads, the kernel's too, in seconds.
    var cpuSeconds = 0.0
    /// Commands, those inside of transactions too.
    var commands = 0
    /// Times that a client's socket was read.
    var reads = 0
    /// Changes since the last save.
    var changes = 0

    /// Asks with one INFO a server; that of a look counts in the next look.
    static func look(at clients: [PlainClient]) throws -> ServerCounters {
        var counters = ServerCounters()
        for client in clients {
            let fields = fields(of: client.send("INFO"))
            guard let system = fields["used_cpu_sys"].flatMap({ Double($0) }),
                let user = fields["used_cpu_user"].flatMap({ Double($0) }),
                let commands = fields["total_commands_processed"].flatMap({ Int($0) }),
                let reads = fields["total_reads_processed"].flatMap({ Int($0) }),
                let changes = fields["rdb_changes_since_last_save"].flatMap({ Int($0) })
            else { throw TestSupportError("INFO lacks what is to be measured: \(fields)") }
            counters.cpuSeconds += system + user
            counters.commands += commands
            counters.reads += reads
            counters.changes += changes
        }
        return counters
    }

    /// What was counted since an earlier look, without that look itself.
    func since(_ earlier: ServerCounters, servers: Int = 1) -> ServerCounters {
        ServerCounters(
            cpuSeconds: cpuSeconds - earlier.cpuSeconds,
            commands: commands - earlier.commands - servers,
            reads: reads - earlier.reads - servers,
            changes: changes - earlier.changes
        )
    }

    private static func fields(of text: String) -> [Substring: Substring] {
        var fields: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        return fields
    }
}
