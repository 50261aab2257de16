import RedisClient

/// A pair on its walk, with what is computed of its names once.
struct Pair: Sendable {
    /// The pair.
    var move: KeyMove
    /// Whether it was found by its new name.
    var isSeenByDestination: Bool
    /// Whether the ledger had nothing about it when it was listed.
    var hasNoEntry = false
    /// The first eight bytes of SHA-256 of the old name.
    var sourceName: UInt64
    /// The hash and field of its ledger entry.
    var ledgerKey: Bytes
    var ledgerField: Bytes
    /// How many bytes both sides took when they were listed.
    var memory = 0
    /// Whether that was counted, and not estimated by a few elements.
    var isCounted = false
    /// The names of the fields of both sides, in any order; nil where they were not asked for, since no field ends.
    var sourceFields: [Bytes]?
    var destinationFields: [Bytes]?
    /// The digests of sides that were read in slices, under the watch of the look that follows; nil for one that is to
    /// be read in one piece.
    var sourceWhole: Digest?
    var destinationWhole: Digest?
    /// How the source is copied to its destination.
    var copyMethod = CopyMethod.copy
    /// Whether a destination is looked for; where none was when the pair was listed, none is expected.
    var expectsDestination = true
    /// Whether the destination's size is known, or that there is none.
    var isMeasured = true
    /// Whether the ledger may know the pair; not while its first entries are made, unless there is a destination.
    var expectsEntry = true
    /// Whether the source is read; not for a plan where there is nothing to compare it with: that it is there was seen when
    /// it was listed.
    var readsSource = true
    /// Whether the new name's content says that it is itself an old key; nil where it was not asked.
    var destinationIsSource: Bool?
    /// Whether that must be asked.
    var isInDoubt = false
}

/// What was read of a pair, in one atomic look.
struct PairReading {
    /// What the table needs.
    var observation: PairObservation
    /// Why a side cannot be compared although it is of the right type; nil where it can.
    var obstacle: String?
    /// Whether the source is of another type than it was when it was listed.
    var isOtherType = false
    /// The fields that later migrations would set in a copy.
    var changes = HashWrite()
    /// When it was read.
    var moment: Moment
    /// Whether fields of the source end by themselves.
    var hasFieldEnds = false
    /// Whether it tells nothing, as fields that may end were not asked for by name.
    var lacksFieldEnds = false
    /// Whether it tells nothing, as there is a destination that was not asked for.
    var lacksDestination = false
    /// The source as DUMP gave it, for a copy by RESTORE; nil where it was not asked for.
    var payload: Bytes?
}

extension PairReading {
    /// The pair as it must be looked at once more; nil where this reading tells enough to decide.
    func nextLook(at pair: Pair) -> Pair? {
        var next = pair
        next.expectsDestination = true
        next.expectsEntry = true
        next.readsSource = true
        if lacksDestination || lacksFieldEnds { return next }
        // What was noted for this pair is its copy, whatever else its name could mean.
        let isUnknown = observation.entry == nil && observation.source != nil && observation.destination != nil
        guard isUnknown, pair.destinationIsSource == nil else { return nil }
        next.isInDoubt = true
        return next
    }
}

/// Reads both sides and the entry of a pair.
///
/// The replies to a pair's questions are those of its source, then those of its destination, then that of its entry. Whether
/// there are destinations that nobody expects may be asked of a whole batch together, before all pairs.
struct PairReader {
    /// Most bytes of a key that is compared.
    let limit: Int
    /// How expiries are read.
    let expiry: ExpiryReader
    /// What every look begins with.
    let header: LookHeader
    /// Whether sources are looked at on their own, so that each look tells whether fields may end.
    let readsSourcesApart: Bool
    /// Whether sources may be copied, so that those copied by RESTORE are dumped.
    let readsPayloads: Bool
    let digester: Digester

    /// How many bytes the replies to `ask` have at most, by what the server says that the pairs take.
    ///
    /// A small element may have four times the bytes on the wire that it takes in a server that packs it, as it does in small
    /// hashes and in all others than hashes. A copy by RESTORE brings the source twice.
    func replyBytes(_ pairs: [Pair]) -> Int {
        pairs.reduce(0) { sum, pair in
            let isPacked = pair.isCounted || pair.move.type != .hash
            let packed = isPacked ? pair.memory : min(pair.memory, 1 << 20)
            return sum + 1 << 18 + 4 * packed + 5 * (pair.memory - packed) / 4 + (dumps(pair) ? pair.memory : 0)
        }
    }

    /// How many replies `ask` brings.
    func replyCount(_ pair: Pair, together: Bool = false) -> Int {
        sourceReplyCount(pair) + destinationReplyCount(pair, together: together) + (pair.expectsEntry ? 1 : 0)
    }

    /// How many replies `askSource` brings.
    func sourceReplyCount(_ pair: Pair) -> Int {
        guard pair.readsSource || readsSourcesApart else { return 0 }
        let own = pair.readsSource ? reader(pair).replyCount(pair.sourceFields) : expiry.replyCount
        return (asksAtSource(pair) ? 1 : 0) + own + (dumps(pair) ? 1 : 0)
    }

    private func destinationReplyCount(_ pair: Pair, together: Bool) -> Int {
        if pair.expectsDestination { return reader(pair).replyCount(pair.destinationFields) }
        return together ? 0 : expiry.replyCount
    }

    /// Adds the command that tells whether there is any destination of a batch that nobody expects; false where it is not
    /// needed.
    func askTogether(_ batch: [Pair], in commands: inout CommandBuffer) -> Bool {
        let unexpected = batch.filter { !$0.expectsDestination }.map(\.move.destination)
        guard !unexpected.isEmpty else { return false }
        commands.append("EXISTS", unexpected)
        return true
    }

    /// Adds the commands that read a pair.
    func ask(_ pair: Pair, together: Bool = false, in commands: inout CommandBuffer) {
        askSource(pair, in: &commands)
        if pair.expectsDestination || !together { askDestination(pair, in: &commands) }
        askEntry(pair, in: &commands)
    }

    /// Adds the commands that read a source.
    func askSource(_ pair: Pair, in commands: inout CommandBuffer) {
        guard pair.readsSource || readsSourcesApart else { return }
        if asksAtSource(pair) { header.askForFieldEnds(in: &commands) }
        guard pair.readsSource else { return expiry.ask(pair.move.source, in: &commands) }
        reader(pair).ask(pair.move.source, fields: pair.sourceFields, whole: pair.sourceWhole, in: &commands)
        if dumps(pair) { commands.append("DUMP", pair.move.source) }
    }

    /// Adds the commands that read a destination.
    func askDestination(_ pair: Pair, in commands: inout CommandBuffer) {
        guard pair.expectsDestination else { return expiry.ask(pair.move.destination, in: &commands) }
        reader(pair)
            .ask(pair.move.destination, fields: pair.destinationFields, whole: pair.destinationWhole, in: &commands)
    }

    /// Adds the command that reads an entry, with the header of its hash.
    func askEntry(_ pair: Pair, in commands: inout CommandBuffer) {
        guard pair.expectsEntry else { return }
        commands.append("HMGET", pair.ledgerKey, Ledger.headerField, pair.ledgerField)
    }

    /// What the replies to `askDestination` say, and how many there are; by a look at the moment given.
    func destination(
        _ pair: Pair,
        _ replies: some Collection<Reply>,
        at moment: Moment,
        known source: KeyReading? = nil
    ) throws -> (reading: KeyReading, count: Int) {
        let reading = try reader(pair)
            .read(
                replies,
                fields: pair.destinationFields,
                whole: pair.destinationWhole,
                at: moment,
                known: source,
                digester: digester
            )
        return (reading, destinationReplyCount(pair, together: false))
    }

    /// By how many milliseconds expiries may differ that count as equal, when these have been read.
    func tolerance(_ readings: KeyReading...) -> Int64 {
        readings.reduce(expiry.tolerance) { max($0, expiry.tolerance + $1.slack) }
    }

    /// Whether the replies to `askSource` say that the source is still as it was seen, at the moment given.
    func sourceIsStill(
        _ seen: Side?,
        of pair: Pair,
        since moment: Moment,
        _ replies: some RandomAccessCollection<Reply>
    ) throws -> Bool {
        let reading = try source(pair, replies, at: moment)
        guard !reading.lacksFieldEnds else { return false }
        guard let now = reading.side, let seen else { return reading.side == nil && seen == nil }
        // What cannot be compared is never acted upon.
        if now.content == nil || seen.content == nil { return now.content == seen.content }
        return now.matches(seen, within: tolerance(reading))
    }

    private func source(
        _ pair: Pair,
        _ replies: some RandomAccessCollection<Reply>,
        at moment: Moment
    ) throws -> KeyReading {
        var moment = moment
        var own = replies[...]
        if asksAtSource(pair) { moment.mayHaveFieldEnds = try LookHeader.mayHaveFieldEnds(own.popFirst()) }
        guard pair.readsSource || readsSourcesApart else { return KeyReading(side: Side(content: nil, expiry: nil)) }
        guard pair.readsSource else {
            return try expiry.read(own).map { KeyReading(side: Side(content: nil, expiry: $0.end), slack: $0.slack) }
                ?? .absent
        }
        return try reader(pair)
            .read(own, fields: pair.sourceFields, whole: pair.sourceWhole, at: moment, digester: digester)
    }

    /// What the replies to `ask` say, in a look at the moment given; `together` tells what `askTogether` was answered, and
    /// is nil where that was not asked.
    func observe(
        _ pair: Pair,
        _ replies: Replies.SubSequence,
        at moment: Moment,
        together: Bool? = nil,
        rewrites: [any FieldRewrites]
    ) throws -> PairReading {
        let first = replies.startIndex
        let second = first + sourceReplyCount(pair)
        let third = second + destinationReplyCount(pair, together: together != nil)
        var source = try source(pair, replies[first..<second], at: moment)
        // What took the old name and is of another type is not the source: that is gone.
        if pair.isSeenByDestination, source.isOtherType { source = .absent }
        let isThere = try pair.expectsDestination || together ?? (expiry.read(replies[second..<third]) != nil)
        let destination =
            try pair.expectsDestination
            ? destination(pair, replies[second..<third], at: moment, known: source).reading : KeyReading.absent
        let (isLedgerLost, entry) = try pair.expectsEntry ? entry(of: pair, replies[third]) : (false, nil)
        var observation = PairObservation(
            source: source.side,
            destination: destination.side,
            entry: entry,
            sourceName: pair.sourceName,
            now: moment.now
        )
        observation.destinationIsSource = pair.destinationIsSource == true
        observation.deletesAreUnseen = isLedgerLost
        observation.expiryTolerance = tolerance(source, destination)
        var reading = PairReading(observation: observation, moment: moment)
        reading.lacksFieldEnds = source.lacksFieldEnds || destination.lacksFieldEnds
        reading.lacksDestination = isThere && !pair.expectsDestination
        reading.hasFieldEnds = source.hash?.fields.contains { $0.end != nil } ?? false
        reading.obstacle = source.obstacle ?? destination.obstacle
        reading.isOtherType = reading.obstacle == nil && source.isOtherType
        if dumps(pair) { reading.payload = try replies[second - 1].unlessError().bytes }
        guard !rewrites.isEmpty, pair.move.type == .hash, let side = source.side, side.content != nil else {
            return reading
        }
        let start = first + (asksAtSource(pair) ? 1 : 0) + reader(pair).contentIndex
        var content = source.hash ?? HashContent(replies[start])
        reading.changes = content.rewrite(rewrites, kind: pair.move.kind)
        if !reading.changes.isEmpty {
            reading.observation.rewrittenSource = Side(content: digester.hash(content), expiry: side.expiry)
        }
        return reading
    }

    /// What the reply to `askEntry` says, and whether its hash has no header.
    private func entry(of pair: Pair, _ reply: Reply) throws -> (isLedgerLost: Bool, entry: LedgerEntry?) {
        if reply.error?.serverCode == "WRONGTYPE" {
            throw MigrationError.unreadable(pair.ledgerKey, "belongs to the ledger and is not a hash")
        }
        var fields = try reply.unlessError().elements
        let header = fields.next()
        return (header?.isNull ?? true, fields.next().flatMap { LedgerEntry($0) })
    }

    private func asksAtSource(_ pair: Pair) -> Bool {
        readsSourcesApart && pair.move.type == .hash && header.asksForFieldEnds
    }

    private func dumps(_ pair: Pair) -> Bool { readsPayloads && pair.copyMethod == .restore }

    private func reader(_ pair: Pair) -> ValueReader {
        ValueReader(type: pair.move.type, limit: limit, expiry: expiry)
    }
}
