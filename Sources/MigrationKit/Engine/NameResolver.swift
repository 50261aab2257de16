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
    var ambiguous: [(name: Bytes, readings: [NameReading])] = []
}

/// Decides what each name of a page is: by the name, then by the fields that decide, then by the ledger.
///
/// Most new names are copies: those are divided off first, see `CopySieve`.
struct NameResolver {
    let moves: any KeyMoves
    let ledger: Ledger?
    let digester: Digester
    /// What becomes of copies; nil where they are resolved like all other names.
    var copies: CopySieve.Purpose?
    /// Whether a name that nothing decides is the new one: once the old names are no longer the truth.
    var prefersNewNames = false

    private struct Candidate {
        var name: Bytes
        var reading: NameReading?
        var questions: [FieldQuestion] = []
        /// The pair whose copy it looks like, of which the ledger has nothing.
        var unnoted: KeyMove?

        /// Whether the first answer shows that it is a hash.
        var asksItself: Bool { questions.first?.key == name }
    }

    private typealias Doubt = (name: Bytes, readings: [NameReading], memory: Int)

    /// Resolves names; what is of another type than its pattern's is unrelated.
    ///
    /// All first questions go in one request; most pages need no other.
    func resolve(_ names: [Bytes], on keyspace: any Keyspace) async throws -> ResolvedPage {
        var page = ResolvedPage()
        var commands = RoutedCommands(for: keyspace, reserving: names.count * Self.bytesOfQuestions)
        let sieve = copies.map { CopySieve(moves: moves, ledger: ledger, digester: digester, purpose: $0) }
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
                commands.append("MEMORY", "USAGE", candidate.name)
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
            let memory = try replies[next].bounded("MEMORY USAGE")
            next += 1
            let answers = try candidate.questions.indices.map { try Self.answer(replies[next + $0]) }
            next += answers.count
            // A key that vanished since the scan is neither.
            guard let memory, type != .none else { continue }
            let name = candidate.name
            switch candidate.reading.map(NameVerdict.reading) ?? moves.decide(name, answers: answers) {
            case .reading(let reading) where type == .known(reading.move.type):
                if let unnoted = candidate.unnoted, reading == .destination(unnoted) {
                    page.others.append((reading.move, memory))
                } else {
                    page.readings.append((reading, memory))
                }
            case .ambiguous(let readings) where readings.contains { type == .known($0.move.type) }:
                doubtful.append((name, readings, memory))
            case .unrelated, .reading, .ambiguous:
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

    /// What this program copied itself is known from the ledger, whatever the names could mean.
    private func settle(
        _ doubtful: [Doubt],
        in page: inout ResolvedPage,
        on keyspace: any Keyspace
    ) async throws {
        guard !doubtful.isEmpty else { return }
        guard let ledger else {
            for doubt in doubtful { settle(doubt, known: [], in: &page) }
            return
        }
        var commands = RoutedCommands(for: keyspace)
        for reading in doubtful.flatMap(\.readings) {
            let destination = reading.move.destination
            let place = ledger.place(of: destination, digest: digester.nameDigest(destination))
            commands.append("HGET", place.key, place.field)
        }
        let replies = try await keyspace.pipeline(commands)
        var next = replies.startIndex
        for (name, readings, memory) in doubtful {
            let known = try readings.indices.filter { index in
                let entry = try replies[next + index].unlessOtherType().flatMap { LedgerEntry($0) }
                return entry?.sourceName == digester.nameDigest(readings[index].move.source)
            }
            next += readings.count
            settle((name, readings, memory), known: known, in: &page)
        }
    }

    private func settle(
        _ doubt: Doubt,
        known: [Int],
        in page: inout ResolvedPage
    ) {
        let news = doubt.readings.filter { !$0.isSource }
        if known.count == 1 {
            page.readings.append((doubt.readings[known[0]], doubt.memory))
        } else if prefersNewNames, known.isEmpty, news.count == 1 {
            page.readings.append((news[0], doubt.memory))
        } else {
            page.ambiguous.append((doubt.name, doubt.readings))
        }
    }
}
