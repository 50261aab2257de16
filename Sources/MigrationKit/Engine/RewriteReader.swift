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
    /// The fields to write.
    var write = HashWrite()
    /// The entries that follow.
    var entries: [(key: Bytes, field: Bytes, bytes: Bytes)] = []

    /// Whether it is to be written.
    var isChange: Bool {
        if case .change = rewrite { true } else { false }
    }
}

/// Reads hashes whose fields a migration rewrites, and decides on each.
///
/// A glance asks for the fields alone, in one command: it tells of a hash that is as it should be, or cannot be converted. A
/// whole look is one on which it may be written: the fields again, watched, and all of the hash, with its end, where an
/// earlier migration keeps an entry.
///
/// A hash that ends is rewritten like any other and keeps its end. HSET never makes it anew: EXEC fails where a watched key
/// has ended, and while EXEC runs the server's time stands still (`RewriteLookTests` holds the server to both).
struct RewriteReader {
    let rewrites: any FieldRewrites
    /// The fields that the decision needs.
    private let fields: [Bytes]
    /// How expiries are read that are compared with an entry's.
    let expiry: ExpiryReader
    /// What a whole look begins with.
    let header: LookHeader
    /// Whether earlier migrations may keep entries.
    let hasLedgers: Bool
    let digester: Digester

    init(
        rewrites: any FieldRewrites,
        expiry: ExpiryReader,
        header: LookHeader,
        hasLedgers: Bool,
        digester: Digester
    ) {
        self.rewrites = rewrites
        fields = rewrites.fields
        self.expiry = expiry
        self.header = header
        self.hasLedgers = hasLedgers
        self.digester = digester
    }

    // MARK: A glance

    /// Adds the commands of a glance.
    func glance(at items: [RewriteItem], in commands: inout CommandBuffer) {
        for item in items {
            askForFields(of: item, in: &commands)
            if let place = entryPlace(of: item) { commands.append("HGET", place.key, place.field) }
        }
    }

    /// What the replies to a glance tell of each hash; a change is told without what it takes to write it.
    ///
    /// A hash that has none of the fields may have gone since it was listed: it is looked at once more.
    func decideOnGlance(at items: [RewriteItem], _ replies: Replies.SubSequence) throws -> [DecidedRewrite] {
        var next = replies.startIndex
        return try items.map { item in
            let reply = replies[next]
            next += 1
            var entry: Reply?
            if entryPlace(of: item) != nil {
                entry = replies[next]
                next += 1
            }
            guard let values = try reply.unlessOtherType() else { return again(item) }
            guard hasAny(values), try isMeant(item, values, entry: entry) else { return again(item) }
            return DecidedRewrite(item: item, rewrite: rewrite(values, of: item))
        }
    }

    // MARK: A whole look

    /// Adds the commands of a whole look.
    func look(at items: [RewriteItem], in commands: inout CommandBuffer) {
        if hasLedgers { header.ask(in: &commands) } else { header.askForFieldEnds(in: &commands) }
        for item in items { look(at: item, in: &commands) }
    }

    private func look(at item: RewriteItem, in commands: inout CommandBuffer) {
        if item.places.isEmpty {
            if item.mayBeGone { commands.append("EXISTS", item.key) }
            askForFields(of: item, in: &commands)
        } else {
            expiry.ask(item.key, in: &commands)
            // The digest of the whole tells whether the hash is as an earlier migration left it.
            commands.append("HGETALL", item.key)
        }
        if let fields = item.fields, !fields.isEmpty {
            commands.append("HPEXPIRETIME", [item.key, Bytes("FIELDS"), Bytes(decimal: fields.count)] + fields)
        }
        for place in item.places { commands.append("HGET", place.key, place.field) }
    }

    private func replyCount(_ item: RewriteItem) -> Int {
        let ends = item.fields?.isEmpty == false ? 1 : 0
        return countBeforeContent(item) + 1 + ends + item.places.count
    }

    private func countBeforeContent(_ item: RewriteItem) -> Int {
        item.places.isEmpty ? (item.mayBeGone ? 1 : 0) : expiry.replyCount
    }

    /// What the replies to a whole look tell of each hash that is still there, and whether fields of hashes may end.
    func decideOnLook(
        at items: [RewriteItem],
        _ replies: Replies.SubSequence
    ) throws -> (decided: [DecidedRewrite], mayHaveFieldEnds: Bool) {
        var next = replies.startIndex
        let moment: Moment
        if hasLedgers {
            next += header.replyCount
            moment = try header.read(replies[..<next])
        } else {
            // No time is compared.
            var own = Moment(now: 0, horizon: 0)
            if header.asksForFieldEnds {
                own.mayHaveFieldEnds = try LookHeader.mayHaveFieldEnds(replies[next])
                next += 1
            }
            moment = own
        }
        let decided = try items.compactMap { item in
            let start = next
            next += replyCount(item)
            return try decide(item, replies[start..<next], at: moment)
        }
        return (decided, moment.mayHaveFieldEnds)
    }

    /// Nil where the key is gone, or became another type since it was listed.
    private func decide(_ item: RewriteItem, _ replies: Replies.SubSequence, at moment: Moment) throws
        -> DecidedRewrite?
    {
        let content = replies.startIndex + countBeforeContent(item)
        guard let expiry = try self.expiry(of: item, replies[..<content]) else { return nil }
        // A name of another type may still be one that counts as unrelated.
        guard let reply = try replies[content].unlessOtherType() else { return item.likely == nil ? nil : again(item) }
        let entries = replies.suffix(item.places.count)
        guard
            try item.places.isEmpty
                ? isMeant(item, reply, entry: nil) : isMeant(item, whole: reply, entry: entries.first)
        else { return again(item) }
        guard item.places.isEmpty || !(expiry.end.map { $0 <= moment.horizon } ?? false) else {
            return DecidedRewrite(item: item, rewrite: .done, isExpiring: true)
        }
        guard !moment.mayHaveFieldEnds || item.fields != nil else { return again(item, isInDoubt: false) }
        let ends = item.fields?.isEmpty == false ? try replies[content + 1].unlessError() : nil
        guard item.places.isEmpty else {
            var hash: HashContent? = HashContent(reply)
            if moment.mayHaveFieldEnds, let fields = item.fields {
                hash = HashContent(reply, ends: ends, of: fields, horizon: moment.horizon)
            }
            return try hash.map { try decide(item, $0, expiry, entries) } ?? again(item, isInDoubt: false)
        }
        guard item.mayBeGone || hasAny(reply) else { return again(item, isInDoubt: false, mayBeGone: true) }
        var decided = DecidedRewrite(item: item, rewrite: rewrite(reply, of: item))
        guard case .change(let changes) = decided.rewrite else { return decided }
        decided.write = HashWrite(changes: changes)
        for (field, end) in zip(item.fields ?? [], ends?.elements.map(\.integer) ?? []) {
            guard let end, end >= 0, changes.contains(where: { $0.field == field }) else { continue }
            decided.write.ends.append((field, end))
        }
        return decided
    }

    /// When the hash ends, where that is asked; nil where the hash is gone.
    private func expiry(of item: RewriteItem, _ replies: Replies.SubSequence) throws -> Expiry? {
        guard item.places.isEmpty else { return try expiry.read(replies) }
        guard item.mayBeGone else { return Expiry() }
        guard let count = try replies.first?.unlessError().integer else {
            throw RedisError(.unexpectedReply, "EXISTS did not answer a number.", outcome: .notExecuted)
        }
        return count > 0 ? Expiry() : nil
    }

    private func hasAny(_ values: Reply) -> Bool {
        values.elements.contains { !$0.isNull }
    }

    /// Decides on a hash of which earlier migrations may keep entries.
    private func decide(
        _ item: RewriteItem,
        _ hash: HashContent,
        _ expiry: Expiry,
        _ entries: Replies.SubSequence
    ) throws -> DecidedRewrite {
        var hash = hash
        var decided = DecidedRewrite(
            item: item,
            rewrite: rewrites.rewrite(hash.values(of: fields), kind: item.kind)
        )
        guard case .change(let changes) = decided.rewrite else { return decided }
        decided.write = hash.write(changes)
        let before = Side(content: digester.hash(hash), expiry: expiry.end)
        hash.apply(changes)
        let after = Side(content: digester.hash(hash), expiry: before.expiry)
        let tolerance = self.expiry.tolerance + expiry.slack
        for (place, reply) in zip(item.places, entries) {
            let stored = try reply.unlessError().bytes
            guard var entry = stored.flatMap(LedgerEntry.init),
                entry.destination.matches(before, within: tolerance)
            else { continue }
            entry.destination = after
            decided.entries.append((place.key, place.field, entry.bytes))
        }
        return decided
    }

    // MARK: What the key is

    /// Asks for the fields of the rewrite, then for those that could tell that the key is something else.
    private func askForFields(of item: RewriteItem, in commands: inout CommandBuffer) {
        let own = item.refutations
        commands.append("HMGET", argumentCount: 1 + fields.count + own.count) { arguments in
            arguments.add(item.key)
            for field in fields { arguments.add(field) }
            for index in own.indices { arguments.add(own[index].question.field) }
        }
    }

    private func rewrite(_ values: Reply, of item: RewriteItem) -> FieldRewrite {
        rewrites.rewrite(values.bytes(ofFirst: fields.count), kind: item.kind)
    }

    private func entryPlace(of item: RewriteItem) -> (key: Bytes, field: Bytes)? {
        item.likely == nil ? nil : item.places.first
    }

    /// Whether the key is what its name most likely means: its own fields do not refute it, and the ledger, where there is
    /// one, knows it as the copy.
    private func isMeant(_ item: RewriteItem, _ values: Reply, entry: Reply?) throws -> Bool {
        guard let likely = item.likely else { return true }
        let refutations = item.refutations
        if !refutations.isEmpty {
            var answers = values.elements
            for _ in fields { _ = answers.next() }
            for index in refutations.indices where answers.next()?.equals(refutations[index].answer) == true {
                return false
            }
        }
        return try isKnown(likely, entry)
    }

    /// The same, by all fields of the hash with their values.
    private func isMeant(_ item: RewriteItem, whole: Reply, entry: Reply?) throws -> Bool {
        guard let likely = item.likely else { return true }
        let own = item.refutations
        var elements = whole.elements
        while let field = elements.next(), let value = elements.next() {
            for refutation in own where field.equals(refutation.question.field) && value.equals(refutation.answer) {
                return false
            }
        }
        return try isKnown(likely, entry)
    }

    private func isKnown(_ likely: any LikelyCopy, _ entry: Reply?) throws -> Bool {
        guard let entry else { return true }
        let known = try entry.unlessOtherType().flatMap { LedgerEntry($0) }
        return known?.sourceName == digester.nameDigest(likely.move.source)
    }

    /// The hash as it is to be looked at once more: with all questions about its name, where that is in doubt, and whether it
    /// is there, where no field tells.
    private func again(_ item: RewriteItem, isInDoubt: Bool = true, mayBeGone: Bool = false) -> DecidedRewrite {
        let next = isInDoubt ? item.inDoubt : mayBeGone ? item.perhapsGone : item
        return DecidedRewrite(item: next, rewrite: .done, isIncomplete: true)
    }
}
