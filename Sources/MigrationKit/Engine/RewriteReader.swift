import RedisClient

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

    /// How many bytes the replies about these hashes have at most, by what is known of their sizes.
    ///
    /// Where only fields are read nothing is known of them; those of a record are no longer than this, and in one that is longer
    /// the size is counted.
    static func replyBytes(_ items: [RewriteItem]) -> Int {
        items.reduce(0) { $0 + 1 << 16 + 5 * $1.memory }
    }

    // MARK: A glance

    /// Adds the commands of a glance.
    func glance(at items: [RewriteItem], in commands: inout CommandBuffer) {
        commands.expect(replyBytes: Self.replyBytes(items))
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
        commands.expect(replyBytes: Self.replyBytes(items))
        if hasLedgers { header.ask(in: &commands) } else { header.askForFieldEnds(in: &commands) }
        for item in items { look(at: item, in: &commands) }
    }

    private func look(at item: RewriteItem, in commands: inout CommandBuffer) {
        if item.isOfFieldsAlone {
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
        guard item.isOfFieldsAlone else { return expiry.replyCount + 1 + ends + item.places.count }
        return (item.mayBeGone ? 1 : 0) + 1 + ends
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
            return item.isOfFieldsAlone
                ? try decide(item, byFieldsIn: replies, from: start, at: moment)
                : try decide(item, byAllIn: replies[start..<next], at: moment)
        }
        return (decided, moment.mayHaveFieldEnds)
    }

    /// Nil where the key is gone, or became another type since it was listed.
    private func decide(
        _ item: RewriteItem,
        byFieldsIn replies: Replies.SubSequence,
        from start: Int,
        at moment: Moment
    ) throws -> DecidedRewrite? {
        var next = start
        if item.mayBeGone {
            guard let count = try replies[next].unlessError().integer else {
                throw RedisError(.unexpectedReply, "EXISTS did not answer a number.", outcome: .notExecuted)
            }
            guard count > 0 else { return nil }
            next += 1
        }
        guard let values = try replies[next].unlessOtherType() else { return otherType(item) }
        guard try isMeant(item, values, entry: nil) else { return again(item) }
        guard !moment.mayHaveFieldEnds || item.fields != nil else { return again(item, isInDoubt: false) }
        guard item.mayBeGone || hasAny(values) else { return again(item, isInDoubt: false, mayBeGone: true) }
        var decided = DecidedRewrite(item: item, rewrite: rewrite(values, of: item))
        if let fields = item.fields, !fields.isEmpty, case .change(let changes) = decided.rewrite {
            let ends = try replies[next + 1].unlessError().elements.map(\.integer)
            let ending = zip(fields, ends).compactMap { field, end in
                end.flatMap { $0 >= 0 && changes.contains { $0.field == field } ? (field, $0) : nil }
            }
            decided.beside = DecidedRewrite.Beside(ends: ending)
        }
        return decided
    }

    /// The same of a hash of which earlier migrations may keep entries.
    private func decide(
        _ item: RewriteItem,
        byAllIn replies: Replies.SubSequence,
        at moment: Moment
    ) throws -> DecidedRewrite? {
        let content = replies.startIndex + expiry.replyCount
        guard let expiry = try self.expiry.read(replies[..<content]) else { return nil }
        guard let reply = try replies[content].unlessOtherType() else { return otherType(item) }
        let entries = replies.suffix(item.places.count)
        guard try isMeant(item, whole: reply, entry: entries.first) else { return again(item) }
        guard !(expiry.end.map { $0 <= moment.horizon } ?? false) else {
            return DecidedRewrite(item: item, rewrite: .done, isExpiring: true)
        }
        guard !moment.mayHaveFieldEnds || item.fields != nil else { return again(item, isInDoubt: false) }
        var hash: HashContent? = HashContent(reply)
        if moment.mayHaveFieldEnds, let fields = item.fields {
            let ends = fields.isEmpty ? nil : try replies[content + 1].unlessError()
            hash = HashContent(reply, ends: ends, of: fields, horizon: moment.horizon)
        }
        return try hash.map { try decide(item, $0, expiry, entries) } ?? again(item, isInDoubt: false)
    }

    /// A name of another type may still be one that counts as unrelated.
    private func otherType(_ item: RewriteItem) -> DecidedRewrite? { item.likely == nil ? nil : again(item) }

    private func hasAny(_ values: Reply) -> Bool { !values.hasOnlyNulls }

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
        let ends = hash.write(changes).ends
        let before = Side(content: digester.hash(hash), expiry: expiry.end)
        hash.apply(changes)
        let after = Side(content: digester.hash(hash), expiry: before.expiry)
        let tolerance = self.expiry.tolerance + expiry.slack
        var following: [(key: Bytes, field: Bytes, bytes: Bytes)] = []
        for (place, reply) in zip(item.places, entries) {
            let stored = try reply.unlessError().bytes
            guard var entry = stored.flatMap(LedgerEntry.init),
                entry.destination.matches(before, within: tolerance)
            else { continue }
            entry.destination = after
            following.append((place.key, place.field, entry.bytes))
        }
        decided.beside = DecidedRewrite.Beside(ends: ends, entries: following)
        return decided
    }

    // MARK: What the key is

    /// Asks for the fields of the rewrite, then for those that could tell that the key is something else.
    private func askForFields(of item: RewriteItem, in commands: inout CommandBuffer) {
        let own = item.likely?.ownRefutations ?? 0
        commands.append("HMGET", argumentCount: 1 + fields.count + own) { arguments in
            arguments.add(item.key)
            for field in fields { arguments.add(field) }
            guard let likely = item.likely else { return }
            for index in 0..<own { arguments.add(likely.refutation(at: index).question.field) }
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
        for index in 0..<likely.ownRefutations {
            guard let answer = values.element(at: fields.count + index), !answer.isNull else { continue }
            if answer.equals(likely.refutation(at: index).answer) { return false }
        }
        return try isKnown(likely, entry)
    }

    /// The same, by all fields of the hash with their values.
    private func isMeant(_ item: RewriteItem, whole: Reply, entry: Reply?) throws -> Bool {
        guard let likely = item.likely else { return true }
        let own = (0..<likely.ownRefutations).map(likely.refutation)
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
