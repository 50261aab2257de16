import RedisClient

/// What a page of names turned out to be.
struct ResolvedPage {
    /// The keys that have a reading, with the bytes each takes.
    var readings: [(reading: NameReading, memory: Int)] = []
    /// New names that the ledger has nothing about, with the bytes that each takes.
    var others: [(move: KeyMove, memory: Int)] = []
    /// Copies that nothing refutes, with the bytes each takes where that was asked. What hashes' own fields could refute is
    /// still to be asked.
    var copies: [(copy: any LikelyCopy, memory: Int?)] = []
    /// New names without a source and without an entry, by kind.
    var native: [String: Int] = [:]
    /// Keys that fit no pattern, or are of another type than the pattern's.
    var unrelated: [Bytes] = []
    /// Keys that can be read in two ways.
    var ambiguous: [AmbiguousName] = []
    /// Keys with a migration's prefix whose names are too long to be asked about.
    var tooLong: [Bytes] = []
}

/// A name that nothing decides.
struct AmbiguousName {
    var name: Bytes
    /// What it may be.
    var readings: [NameReading]
    /// Whether a record of another key says that it is an old one.
    var isLikelyOld: Bool
}

/// Decides what each name of a page is: by the name and its own content, then by the ledger, then by records of other keys.
///
/// Most new names are copies: those are divided off first, see `CopySieve`.
struct NameResolver {
    let moves: any KeyMoves
    let ledger: Ledger?
    let digester: Digester
    /// What becomes of copies; nil where they are resolved like all other names.
    var copies: CopySieve.Purpose?
    /// Whether applications use the new names, as far as is known; see `NameDoubt`.
    var newNamesAreInUse: Bool
    /// Whether a name that nothing decides is the new one: for walks that only concern new names.
    var prefersNewNames = false
    /// How sizes are told.
    var sizes = SizeQuestion.memory

    private struct Candidate {
        var name: Bytes
        var reading: NameReading?
        var questions: [FieldQuestion] = []
        /// The pair whose copy it looks like, of which the ledger has nothing.
        var unnoted: KeyMove?

        /// Whether the first answer shows that it is a hash.
        var asksItself: Bool { questions.first?.key == name }
    }

    fileprivate struct Doubt {
        var name: Bytes
        var readings: [NameReading]
        var likely: (reading: NameReading, evidence: NameEvidence)?
        var memory: Int
        var unnoted: KeyMove?
    }

    /// Resolves names; what is of another type than its pattern's is unrelated.
    ///
    /// All first questions go in one request; most pages need no other.
    func resolve(_ names: [Bytes], on keyspace: any Keyspace) async throws -> ResolvedPage {
        var page = ResolvedPage()
        let (names, long) = NameBound.divide(names)
        for name in long {
            if name.starts(with: moves.prefix) { page.tooLong.append(name) } else { page.unrelated.append(name) }
        }
        var commands = RoutedCommands(for: keyspace, reserving: names.count * Self.bytesOfQuestions)
        let sieve = copies.map { purpose in
            CopySieve(
                moves: moves,
                ledger: ledger,
                digester: digester,
                newNamesAreInUse: newNamesAreInUse,
                purpose: purpose,
                sizes: sizes
            )
        }
        var others = names
        let likely = sieve?.divideOff(from: &others, on: keyspace)
        if let likely { sieve?.ask(about: likely, in: &commands) }
        let candidates = candidates(others.map { ($0, nil) }, in: &page)
        ask(about: candidates, in: &commands)
        let replies = commands.isEmpty ? Replies(gathered: []) : try await keyspace.pipeline(commands)
        let first = replies.startIndex + (likely?.replyCount ?? 0)
        var doubtful = try await decide(candidates, replies[first...], in: &page, on: keyspace)
        if let sieve, let likely {
            let rest = try await sieve.sift(likely, replies[..<first], into: &page, on: keyspace)
            let more = self.candidates(rest, in: &page)
            if !more.isEmpty {
                var commands = RoutedCommands(for: keyspace)
                ask(about: more, in: &commands)
                let replies = try await keyspace.pipeline(commands)
                doubtful += try await decide(more, replies[...], in: &page, on: keyspace)
            }
        }
        try await settle(doubtful, in: &page, on: keyspace)
        return page
    }

    /// What the first questions about a name take, about.
    private static let bytesOfQuestions = 200

    private func candidates(_ names: [CopySieve.Rest], in page: inout ResolvedPage) -> [Candidate] {
        var candidates: [Candidate] = []
        candidates.reserveCapacity(names.count)
        for (name, unnoted) in names {
            switch moves.match(name) {
            case .unrelated: page.unrelated.append(name)
            case .certain(let reading): candidates.append(Candidate(name: name, reading: reading, unnoted: unnoted))
            case .open(let questions): candidates.append(Candidate(name: name, questions: questions, unnoted: unnoted))
            }
        }
        return candidates
    }

    private func ask(about candidates: [Candidate], in commands: inout RoutedCommands) {
        for candidate in candidates {
            commands.add(for: candidate.name) { commands in
                if !candidate.asksItself { commands.append("TYPE", candidate.name) }
                sizes.ask(candidate.name, in: &commands)
            }
            for question in candidate.questions { commands.append("HGET", question.key, question.field) }
        }
    }

    /// Adds to the page what the answers tell apart; returns what they do not.
    private func decide(
        _ candidates: [Candidate],
        _ replies: Replies.SubSequence,
        in page: inout ResolvedPage,
        on keyspace: any Keyspace
    ) async throws -> [Doubt] {
        let types = try await types(of: candidates, replies, on: keyspace)
        var doubtful: [Doubt] = []
        var next = replies.startIndex
        for (candidate, type) in zip(candidates, types) {
            if !candidate.asksItself { next += 1 }
            let memory = try sizes.bytes(replies[next])
            next += 1
            let answers = try candidate.questions.indices.map { try Self.answer(replies[next + $0]) }
            next += answers.count
            // A key that vanished since the scan is neither.
            guard let memory, type != .none else { continue }
            let name = candidate.name
            switch candidate.reading.map(NameVerdict.reading) ?? moves.decide(name, answers: answers) {
            case .reading(let reading) where type == .known(reading.move.type):
                page.add(reading, memory: memory, unnoted: candidate.unnoted)
            case .ambiguous(let readings) where readings.contains { type == .known($0.move.type) }:
                doubtful.append(Doubt(name: name, readings: readings, memory: memory, unnoted: candidate.unnoted))
            case .likely(let reading, let readings, let evidence)
            where readings.contains { type == .known($0.move.type) }:
                var doubt = Doubt(name: name, readings: readings, memory: memory, unnoted: candidate.unnoted)
                doubt.likely = (reading, evidence)
                doubtful.append(doubt)
            case .unrelated, .reading, .ambiguous, .likely:
                page.unrelated.append(name)
            }
        }
        return doubtful
    }

    private enum KeyType: Equatable {
        case none
        case known(ValueType)
        case other
    }

    /// The types by what was answered; asked of those alone whose field could not be read.
    private func types(
        of candidates: [Candidate],
        _ replies: Replies.SubSequence,
        on keyspace: any Keyspace
    ) async throws -> [KeyType] {
        var types: [KeyType] = []
        var unknown: [Int] = []
        var next = replies.startIndex
        for (index, candidate) in candidates.enumerated() {
            if !candidate.asksItself {
                types.append(try Self.type(replies[next]))
                next += 1
            } else if replies[next + 1].kind == .error, replies[next + 1].error?.serverCode == "WRONGTYPE" {
                unknown.append(index)
                types.append(.other)
            } else {
                types.append(.known(.hash))
            }
            next += 1 + candidate.questions.count
        }
        guard !unknown.isEmpty else { return types }
        var commands = RoutedCommands(for: keyspace)
        for index in unknown { commands.append("TYPE", candidates[index].name) }
        let names = try await keyspace.pipeline(commands)
        for (index, name) in zip(unknown, names) { types[index] = try Self.type(name) }
        return types
    }

    private static func type(_ reply: Reply) throws -> KeyType {
        let name = try reply.unlessError()
        if name.equals("none") { return .none }
        return ValueType.allCases.first { name.equals($0.name) }.map(KeyType.known) ?? .other
    }

    private static func answer(_ reply: Reply) throws -> Bytes? { try reply.unlessOtherType()?.bytes }

    /// Decides between readings by the ledger, and then by other keys; see `NameDoubt`.
    private func settle(
        _ doubtful: [Doubt],
        in page: inout ResolvedPage,
        on keyspace: any Keyspace
    ) async throws {
        guard !doubtful.isEmpty else { return }
        var commands = RoutedCommands(for: keyspace)
        for doubt in doubtful {
            for reading in doubt.readings {
                askLedger(about: reading.move, in: &commands)
                commands.append("TYPE", reading.isSource ? reading.move.destination : reading.move.source)
            }
            if let move = doubt.copiedEvidence { askLedger(about: move, in: &commands) }
        }
        var replies = try await keyspace.pipeline(commands).makeIterator()
        for doubt in doubtful {
            var known = NameDoubt(readings: doubt.readings, likely: doubt.likely, isKnown: [], isPaired: [])
            for reading in doubt.readings {
                known.isKnown.append(try isNoted(reading.move, by: ledger == nil ? nil : replies.next()))
                let type = try replies.next().map(Self.type)
                known.isPaired.append(type == .known(reading.move.type))
            }
            if let move = doubt.copiedEvidence {
                known.isEvidenceCopied = try isNoted(move, by: ledger == nil ? nil : replies.next())
            }
            settle(doubt, known, in: &page)
        }
    }

    private func askLedger(about move: KeyMove, in commands: inout RoutedCommands) {
        guard let ledger else { return }
        let place = ledger.place(of: move.destination, digest: digester.nameDigest(move.destination))
        commands.append("HGET", place.key, place.field)
    }

    private func isNoted(_ move: KeyMove, by reply: Reply?) throws -> Bool {
        let entry = try reply?.unlessOtherType().flatMap { LedgerEntry($0) }
        return entry?.sourceName == digester.nameDigest(move.source)
    }

    private func settle(_ doubt: Doubt, _ known: NameDoubt, in page: inout ResolvedPage) {
        let news = doubt.readings.filter { !$0.isSource }
        let isLikelyOld = doubt.likely?.reading.isSource == true
        if let reading = known.reading(newNamesAreInUse: newNamesAreInUse) {
            page.add(reading, memory: doubt.memory, unnoted: doubt.unnoted)
        } else if prefersNewNames, let likely = doubt.likely, isLikelyOld {
            page.add(likely.reading, memory: doubt.memory, unnoted: nil)
        } else if prefersNewNames, !known.isKnown.contains(true), news.count == 1 {
            page.add(news[0], memory: doubt.memory, unnoted: nil)
        } else {
            page.ambiguous.append(
                AmbiguousName(name: doubt.name, readings: doubt.readings, isLikelyOld: isLikelyOld)
            )
        }
    }
}

extension ResolvedPage {
    /// Adds a key with its reading; `unnoted` is the pair of which the ledger was found to have nothing.
    fileprivate mutating func add(_ reading: NameReading, memory: Int, unnoted: KeyMove?) {
        if let unnoted, reading == .destination(unnoted) {
            others.append((reading.move, memory))
        } else {
            readings.append((reading, memory))
        }
    }
}

extension NameResolver.Doubt {
    /// The move that made the record which speaks for the likely reading, if it was one.
    fileprivate var copiedEvidence: KeyMove? {
        guard case .destinationRecord(let move)? = likely?.evidence else { return nil }
        return move
    }
}
