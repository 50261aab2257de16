import RedisClient

/// Divides off the names of a page that are copies, or the applications' own new keys, by as few questions as tell.
///
/// A name that looks like a copy is asked what could refute that, and whether its source is there. Most have one, and then
/// the pair is handled where the source is found: neither the ledger nor the copy itself is asked.
struct CopySieve {
    /// What the copies are for.
    enum Purpose {
        /// To be handled with their sources: those whose source is there are left to it.
        case pairs
        /// To be handled themselves, those of some kinds; all others are left out. Whoever looks at them asks what their own
        /// fields could refute.
        case hashes(kinds: Set<String>)
    }

    let moves: any KeyMoves
    /// The ledger that knows what was copied; nil where there is none any more.
    let ledger: Ledger?
    let digester: Digester
    /// Whether applications use the new names, as far as is known; see `NameDoubt`.
    let newNamesAreInUse: Bool
    let purpose: Purpose
    /// How sizes are told.
    let sizes: SizeQuestion
    /// Whether a name's own fields are asked.
    private let asksItself: Bool
    /// The kinds that are not left out; nil for all.
    private let kinds: [String]?

    init(
        moves: any KeyMoves,
        ledger: Ledger?,
        digester: Digester,
        newNamesAreInUse: Bool,
        purpose: Purpose,
        sizes: SizeQuestion
    ) {
        self.moves = moves
        self.ledger = ledger
        self.digester = digester
        self.newNamesAreInUse = newNamesAreInUse
        self.purpose = purpose
        self.sizes = sizes
        switch purpose {
        case .pairs: (asksItself, kinds) = (true, nil)
        case .hashes(let kinds): (asksItself, self.kinds) = (false, Array(kinds))
        }
    }

    /// A name that is neither copy nor known to be new, with the pair whose copy it looks like and the ledger has nothing of.
    typealias Rest = (name: Bytes, unnoted: KeyMove?)

    private struct Likely {
        var name: Bytes { copy.destination }
        let copy: any LikelyCopy
        /// The type of its source, or the bytes that it takes; nil where neither was asked.
        var answer: Reply?
        /// Whether its own content says that it is something else.
        var isRefutedByItself = false
        /// Whether the record of another key speaks for something else, which the ledger outweighs.
        var isRefutedByOthers = false
        var isRefuted: Bool { isRefutedByItself || isRefutedByOthers }
        var isProven = false
        /// Whether it was asked for a field itself, and so is a hash.
        var isHash = false

        /// Takes the answer to a question about the name.
        mutating func take(_ reply: Reply, to refutation: FieldAnswer) throws {
            let isOwn = refutation.question.key == name
            // A name of another type is no copy; the questions to all names tell what it is.
            guard let value = try reply.unlessOtherType() else {
                if isOwn { isRefutedByItself = true }
                return
            }
            if isOwn { isHash = true }
            if value.equals(refutation.answer) {
                if isOwn { isRefutedByItself = true } else { isRefutedByOthers = true }
            }
            guard isOwn == copy.provesItself else { return }
            let proof = copy.proof
            if refutation.question == proof.question, value.equals(proof.answer) { isProven = true }
        }
    }

    /// The names that look like copies, and how they are asked about.
    struct LikelyCopies {
        fileprivate var copies: [any LikelyCopy] = []
        /// The other keys that could refute them.
        fileprivate var others: [Bytes] = []
        fileprivate var asksTogether = false
        /// How many replies `ask` brings.
        fileprivate(set) var replyCount = 0
    }

    // MARK: First questions

    /// Takes the names that look like copies out of a list; those that are of no concern are left out.
    func divideOff(from names: inout [Bytes], on keyspace: any Keyspace) -> LikelyCopies {
        var likely = LikelyCopies()
        names = names.filter { name in
            guard let copy = moves.likelyCopy(name) else { return true }
            if concerns(copy.kind) { likely.copies.append(copy) }
            return false
        }
        if asksFirst { likely.replyCount += likely.copies.count }
        likely.others.reserveCapacity(likely.copies.count)
        for copy in likely.copies {
            if asksItself { likely.replyCount += copy.ownRefutations }
            for index in copy.ownRefutations..<copy.refutationCount {
                likely.others.append(copy.refutation(at: index).question.key)
            }
        }
        // Keys of one command are in one slot.
        likely.asksTogether = !likely.others.isEmpty && !keyspace.isCluster
        if likely.asksTogether { likely.replyCount += 1 }
        return likely
    }

    /// Whether each name has a first question: to a hash of which only fields are read, its size is of no account.
    private var asksFirst: Bool { asksItself || ledger != nil }

    /// Of few kinds, so that a list is searched faster than a set.
    private func concerns(_ kind: String) -> Bool { kinds?.contains(kind) ?? true }

    /// Asks what could refute; of other keys first whether any of them is there, in one command: most often none is.
    func ask(about likely: LikelyCopies, in commands: inout RoutedCommands) {
        for copy in likely.copies {
            let name = copy.destination
            guard asksItself else {
                if asksFirst { sizes.ask(name, in: &commands) }
                continue
            }
            commands.append("TYPE", copy.move.source)
            for index in 0..<copy.ownRefutations {
                commands.append("HGET", name, copy.refutation(at: index).question.field)
            }
        }
        if likely.asksTogether { commands.add(for: likely.others[0]) { $0.append("EXISTS", likely.others) } }
    }

    /// Adds to the page what the replies to `ask` tell apart; returns the other names.
    func sift(
        _ likely: LikelyCopies,
        _ replies: Replies.SubSequence,
        into page: inout ResolvedPage,
        on keyspace: any Keyspace
    ) async throws -> [Rest] {
        // Of hashes nothing but the other keys was asked.
        let othersAreThere = likely.asksTogether ? try replies.last?.unlessError().integer != 0 : !likely.others.isEmpty
        if !asksFirst, !othersAreThere {
            page.copies += likely.copies.map { ($0, nil) }
            return []
        }
        var doubtful: [Likely] = []
        for one in try await answered(likely, replies, asksOthers: othersAreThere, on: keyspace) {
            guard !one.isRefuted else {
                doubtful.append(one)
                continue
            }
            switch purpose {
            case .pairs:
                let answer = try one.answer?.unlessError()
                // One whose source is there is handled where that is found.
                if answer?.equals(one.copy.type.name) != true { doubtful.append(one) }
            case .hashes:
                guard let answer = one.answer else {
                    page.copies.append((one.copy, nil))
                    continue
                }
                // A key that vanished since the scan is none.
                guard let memory = try sizes.bytes(answer) else { continue }
                page.copies.append((one.copy, memory))
            }
        }
        guard asksItself else { return doubtful.map { ($0.name, nil) } }
        return try await settled(doubtful, into: &page, on: keyspace)
    }

    private func answered(
        _ likely: LikelyCopies,
        _ replies: Replies.SubSequence,
        asksOthers: Bool,
        on keyspace: any Keyspace
    ) async throws -> [Likely] {
        var answered: [Likely] = []
        answered.reserveCapacity(likely.copies.count)
        var next = replies.startIndex
        for copy in likely.copies {
            var one = Likely(copy: copy)
            if asksFirst {
                one.answer = replies[next]
                next += 1
            }
            for index in 0..<(asksItself ? copy.ownRefutations : 0) {
                try one.take(replies[next], to: copy.refutation(at: index))
                next += 1
            }
            answered.append(one)
        }
        return asksOthers ? try await withOthersAsked(answered, on: keyspace) : answered
    }

    private func withOthersAsked(_ likely: [Likely], on keyspace: any Keyspace) async throws -> [Likely] {
        var commands = RoutedCommands(for: keyspace)
        for one in likely {
            for index in one.copy.ownRefutations..<one.copy.refutationCount {
                let question = one.copy.refutation(at: index).question
                commands.append("HGET", question.key, question.field)
            }
        }
        var replies = try await keyspace.pipeline(commands).makeIterator()
        var likely = likely
        for place in likely.indices {
            let copy = likely[place].copy
            for index in copy.ownRefutations..<copy.refutationCount {
                guard let reply = replies.next() else { break }
                try likely[place].take(reply, to: copy.refutation(at: index))
            }
        }
        return likely
    }

    // MARK: The ledger

    /// Asks the ledger about what is refuted or has no source, and what would prove that it is new: an entry decides
    /// before any evidence from other keys.
    private func settled(
        _ likely: [Likely],
        into page: inout ResolvedPage,
        on keyspace: any Keyspace
    ) async throws -> [Rest] {
        guard !likely.isEmpty else { return [] }
        guard let ledger else { return likely.map { ($0.name, nil) } }
        var commands = RoutedCommands(for: keyspace)
        for one in likely {
            let destination = one.copy.move.destination
            let place = ledger.place(of: destination, digest: digester.nameDigest(destination))
            commands.append("HGET", place.key, place.field)
            if asksForProof(of: one) {
                commands.append("HGET", one.copy.proof.question.key, one.copy.proof.question.field)
            }
            if let owner = ownerInDoubt(of: one) {
                let place = ledger.place(of: owner.destination, digest: digester.nameDigest(owner.destination))
                commands.append("EXISTS", owner.source)
                commands.append("HGET", place.key, place.field)
            }
        }
        var replies = try await keyspace.pipeline(commands).makeIterator()
        var rest: [Rest] = []
        for one in likely {
            guard let reply = replies.next() else { break }
            let proof = asksForProof(of: one) ? try replies.next()?.unlessOtherType() : nil
            var hasNewOwner = true
            if ownerInDoubt(of: one) != nil {
                let hasOldRecord = try replies.next()?.unlessError().integer != 0
                let isCopied = try replies.next()?.unlessOtherType()?.isNull != true
                hasNewOwner = !hasOldRecord && !isCopied
            }
            let entry = try reply.unlessOtherType()
            let move = one.copy.move
            let isNoted = entry.flatMap { LedgerEntry($0) }?.sourceName == digester.nameDigest(move.source)
            if isNoted, !isRefuted(one) {
                // One whose source is there is handled where that is found.
                if one.answer?.equals(one.copy.type.name) != true { page.copies.append((one.copy, nil)) }
            } else if isNew(one), hasNewOwner, entry?.isNull == true,
                one.isProven || proof?.equals(one.copy.proof.answer) == true
            {
                page.native[move.kind, default: 0] += 1
            } else {
                rest.append((one.name, entry?.isNull == true ? move : nil))
            }
        }
        return rest
    }

    /// Whether a copy that the ledger knows is something else all the same: what another key says is of no account then.
    private func isRefuted(_ one: Likely) -> Bool {
        #if SEEDED_BUGS
            if SeededBug.isOn(.evidenceBeforeLedger) { return one.isRefuted }
        #endif
        return one.isRefutedByItself
    }

    private func asksForProof(of one: Likely) -> Bool { isNew(one) && !one.isProven }

    /// The pair of the record that proves a name, while that proves nothing if the record is a copy of an old one.
    private func ownerInDoubt(of one: Likely) -> KeyMove? {
        newNamesAreInUse || !isNew(one) ? nil : one.copy.proofMove
    }

    /// Whether there is no source, and nothing that says that it is something else.
    private func isNew(_ one: Likely) -> Bool {
        one.isHash && !one.isRefuted && one.copy.move.type == .hash && one.answer?.equals("none") == true
    }
}

extension Reply {
    /// The reply, and nil for a key that is of another type than the command's; throws any other error.
    func unlessOtherType() throws -> Reply? {
        if kind == .error, error?.serverCode == "WRONGTYPE" { return nil }
        return try unlessError()
    }
}
