import CReplay

/// What one connection of a program wrote, and which replies it had awaited before each write.
struct RecordedLane: Sendable {
    /// All that was written, in order.
    var bytes: [UInt8] = []
    /// The writes: where each begins, and how many replies had come before it.
    var steps: [creplay_step] = []
    /// How many replies the first connection had when this one first wrote: what it may have waited for.
    var start: UInt64 = 0
    /// How many commands were written.
    var commands: UInt64 = 0
    /// How many replies came.
    var replies: UInt64 = 0
    /// How many of them were errors.
    var errors: UInt64 = 0
    /// How many were nil arrays: transactions that lost a race.
    var nils: UInt64 = 0
    /// How many bytes the replies had.
    var replyBytes: UInt64 = 0
}

/// What a program sent from its start to its end.
struct Recording: Sendable {
    /// One lane a connection.
    var lanes: [RecordedLane] = []

    /// How many commands were sent.
    var commands: UInt64 { lanes.reduce(0) { $0 + $1.commands } }
    /// How many times the program wrote and then waited.
    var roundTrips: Int { lanes.reduce(0) { $0 + $1.steps.count } }
    /// How many bytes were sent.
    var requestBytes: Int { lanes.reduce(0) { $0 + $1.bytes.count } }
    /// How many bytes came back.
    var replyBytes: UInt64 { lanes.reduce(0) { $0 + $1.replyBytes } }
    /// How many error replies came.
    var errors: UInt64 { lanes.reduce(0) { $0 + $1.errors } }
    /// How many transactions lost a race.
    var nils: UInt64 { lanes.reduce(0) { $0 + $1.nils } }
}
