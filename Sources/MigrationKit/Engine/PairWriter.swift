import RedisClient

/// A pair with what was seen of it and what is done about it.
struct DecidedPair {
    /// The pair.
    var pair: Pair
    /// The row of the table.
    var pairClass: PairClass
    /// The cell of the table.
    var ruling: Ruling
    /// The source as it was seen.
    var source: Side?
    /// The destination as it was seen.
    var destination: Side?
    /// The ledger's entry as it was seen.
    var entry: LedgerEntry?
    /// What a copy of the source is once the later migrations have rewritten it; nil where they change nothing.
    var rewritten: Side?
    /// The fields that they set.
    var changes = HashWrite()
    /// When it was seen.
    var moment: Moment
    /// Whether fields of the source end by themselves.
    var hasFieldEnds = false
    /// Whether it tells nothing, as fields that may end were not asked for by name: it is to be looked at again.
    var isIncomplete = false
    /// The source as DUMP gave it, for a copy by RESTORE.
    var payload: Bytes?
    /// Why it cannot be compared although it is of the right type.
    var obstacle: String?
    /// Whether the source became another type since it was listed.
    var isOtherType = false
    /// Whether it waits for the end of the walk.
    var isPostponed = false

    /// Whether each side is what the ledger says, or only the applications' business: it takes no proof that both were
    /// read at the same moment.
    var isAtPeace: Bool {
        [.inSync, .inUse, .native].contains(pairClass) && ruling == Ruling(.leave, .fine) && !isIncomplete
            && !isPostponed
    }
}

/// Writes what was decided about pairs, and holds the replies against it.
struct PairWriter {
    /// Whether each copy is read back in its own transaction.
    let readsBack: Bool
    /// Whether a source is in another slot, and so is removed in another transaction: this one marks the entry.
    let marksRemovals: Bool
    let reader: PairReader

    /// The commands of one transaction.
    func commands(for decided: [DecidedPair]) -> CommandBuffer {
        var commands = CommandBuffer(reserving: decided.count * 300)
        if readsBack { commands.expect(replyBytes: reader.replyBytes(decided.map(\.pair))) }
        for one in decided { append(one, to: &commands) }
        return commands
    }

    private func append(_ one: DecidedPair, to commands: inout CommandBuffer) {
        let move = one.pair.move
        switch one.ruling.action {
        case .leave:
            break
        case .copy:
            copy(one, replaces: false, in: &commands)
        case .copyOver:
            copy(one, replaces: true, in: &commands)
        case .note:
            note(one, destination: one.destination, in: &commands)
        case .adopt:
            note(one, destination: one.rewritten ?? one.source, in: &commands)
        case .takeExpiry:
            if let expiry = one.source?.expiry {
                commands.append("PEXPIREAT", move.destination, Bytes(decimal: expiry))
            } else {
                commands.append("PERSIST", move.destination)
            }
            note(
                one,
                destination: Side(content: one.destination?.content, expiry: one.source?.expiry),
                in: &commands
            )
        case .dropDestination:
            commands.append("UNLINK", move.destination)
            forget(one.pair, in: &commands)
        case .forget:
            forget(one.pair, in: &commands)
        case .removeSource where marksRemovals:
            mark(one, in: &commands)
        case .removeSource:
            commands.append("UNLINK", move.source)
            forget(one.pair, in: &commands)
        }
    }

    /// A copy takes the rewrites of later migrations with it; then its entry, and the look at it.
    ///
    /// Without REPLACE the commands are themselves the proof that there was no destination.
    private func copy(_ one: DecidedPair, replaces: Bool, in commands: inout CommandBuffer) {
        let move = one.pair.move
        let replace = replaces ? [Bytes("REPLACE")] : []
        #if SEEDED_BUGS
            if SeededBug.isOn(.ledgerBeforeCopy) {
                note(one, destination: one.rewritten ?? one.source, in: &commands)
                commands.append("EXEC")
                commands.append("MULTI")
            }
        #endif
        switch one.pair.copyMethod {
        case .copy:
            commands.append("COPY", [move.source, move.destination] + replace)
        case .restore:
            // Zero is for ever. With a time that has passed RESTORE creates nothing and answers OK.
            let end = Bytes(decimal: one.source?.expiry ?? 0)
            commands.append("RESTORE", [move.destination, end, one.payload ?? [], Bytes("ABSTTL")] + replace)
        }
        one.changes.append(to: move.destination, in: &commands)
        // Where RESTORE created nothing, what HSET has made must not stay.
        if let end = expiryAfterChanges(one) {
            commands.append("PEXPIREAT", move.destination, Bytes(decimal: end))
        }
        note(one, destination: one.rewritten ?? one.source, in: &commands)
        if readsBack {
            reader.askDestination(asCopied(one), in: &commands)
            if one.hasFieldEnds { commands.append("TIME") }
        }
    }

    /// The pair with the fields that its copy has.
    private func asCopied(_ one: DecidedPair) -> Pair {
        var pair = one.pair
        pair.expectsDestination = true
        // What was read is not what is there now.
        pair.destinationWhole = nil
        pair.destinationFields = pair.sourceFields.map { names in
            names + one.changes.changes.map(\.field).filter { !names.contains($0) }
        }
        return pair
    }

    private func expiryAfterChanges(_ one: DecidedPair) -> Int64? {
        one.pair.copyMethod == .restore && !one.changes.isEmpty ? one.source?.expiry : nil
    }

    private func note(_ one: DecidedPair, destination: Side?, in commands: inout CommandBuffer) {
        guard let source = one.source, let destination else { return }
        let entry = LedgerEntry(sourceName: one.pair.sourceName, source: source, destination: destination)
        commands.append("HSET", one.pair.ledgerKey, one.pair.ledgerField, entry.bytes)
    }

    /// The entry says from now on that the source is being removed, should the next transaction not come to that.
    private func mark(_ one: DecidedPair, in commands: inout CommandBuffer) {
        guard var entry = one.entry ?? noted(one) else { return }
        entry.isRemoving = true
        commands.append("HSET", one.pair.ledgerKey, one.pair.ledgerField, entry.bytes)
    }

    /// The entry as it was before `mark`, for a source that was not removed after all.
    func unmark(_ one: DecidedPair, in commands: inout CommandBuffer) {
        guard var entry = one.entry ?? noted(one) else { return }
        entry.isRemoving = false
        commands.append("HSET", one.pair.ledgerKey, one.pair.ledgerField, entry.bytes)
    }

    private func noted(_ one: DecidedPair) -> LedgerEntry? {
        guard let source = one.source, let destination = one.destination else { return nil }
        return LedgerEntry(sourceName: one.pair.sourceName, source: source, destination: destination)
    }

    /// Removes the entry of a pair.
    func forget(_ pair: Pair, in commands: inout CommandBuffer) {
        commands.append("HDEL", pair.ledgerKey, pair.ledgerField)
    }

    /// Holds the replies of EXEC against what the transaction was meant to do.
    ///
    /// Errors: `partlyExecuted` for a write that did nothing although its keys were watched; `copyDiffers`.
    func check(_ result: Reply, of decided: [DecidedPair]) throws {
        #if SEEDED_BUGS
            if SeededBug.isOn(.ledgerBeforeCopy) { return }
        #endif
        let replies = Array(result.elements)
        var next = 0
        for one in decided {
            switch one.ruling.action {
            case .leave:
                continue
            case .note, .adopt, .forget:
                next += 1
            case .copy, .copyOver:
                // RESTORE answers OK or an error; COPY tells in a number whether it did anything.
                guard one.pair.copyMethod == .restore || replies[next].integer == 1 else {
                    throw didNothing("COPY", one.pair)
                }
                next += 2 + one.changes.commandCount + (expiryAfterChanges(one) == nil ? 0 : 1)
                if readsBack { try checkCopy(one, replies, &next) }
            case .removeSource where marksRemovals:
                next += 1
            case .takeExpiry, .dropDestination, .removeSource:
                guard replies[next].integer == 1 else { throw didNothing("a write", one.pair) }
                next += 2
            }
        }
    }

    private func checkCopy(_ one: DecidedPair, _ replies: [Reply], _ next: inout Int) throws {
        let (copy, count) = try reader.destination(asCopied(one), replies[next...], at: one.moment)
        next += count
        if one.hasFieldEnds {
            let time = try ServerTime.read(replies[next]).milliseconds
            next += 1
            // A field may have ended since the source was seen; the next look tells.
            if time >= one.moment.horizon { return }
        }
        guard let side = copy.side, let meant = one.rewritten ?? one.source,
            side.matches(meant, within: reader.tolerance(copy))
        else {
            throw differs(one.pair)
        }
    }

    private func didNothing(_ what: String, _ pair: Pair) -> RedisError {
        RedisError(
            .partlyExecuted,
            "In a transaction \(what) did nothing for \(KeyText.escaped(pair.move.source)), though its keys were watched.",
            outcome: .unknown
        )
    }

    private func differs(_ pair: Pair) -> MigrationError {
        MigrationError(
            .copyDiffers,
            "The copy of \(KeyText.escaped(pair.move.source)) that was read back is not what was copied: the server is "
                + "at fault. Nothing is removed; check the server."
        )
    }
}
