import RedisClient

/// What a page of names turned out to be.
struct ResolvedPage {
    /// The keys that have a reading, with the bytes each takes.
    var readings: [(reading: NameReading, memory: Int)] = []
    /// Keys that fit no pattern, or are of another type than the pattern's.
    var unrelated: [Bytes] = []
    /// Keys that can be read in two ways.
    var ambiguous: [(name: Bytes, readings: [NameReading])] = []
}

/// Decides what each name of a page is: by the name, then by the fields that decide, then by the ledger.
struct NameResolver {
    let moves: any KeyMoves
    let ledger: Ledger?
    let digester: Digester
    /// Whether a name that nothing decides is the new one: once the old names are no longer the truth.
    var prefersNewNames = false

    /// Resolves names; what is of another type than its pattern's is unrelated.
    func resolve(_ names: [Bytes], on keyspace: any Keyspace) async throws -> ResolvedPage {
        var page = ResolvedPage()
        var candidates: [(name: Bytes, match: NameMatch)] = []
        for name in names {
            let match = moves.match(name)
            if match == .unrelated { page.unrelated.append(name) } else { candidates.append((name, match)) }
        }
        guard !candidates.isEmpty else { return page }
        let replies = try await keyspace.pipeline(questions(for: candidates, on: keyspace))
        var doubtful: [(name: Bytes, readings: [NameReading], memory: Int)] = []
        var next = replies.startIndex
        for (name, match) in candidates {
            let type = try replies[next].unlessError()
            let memory = Int(try replies[next + 1].unlessError().integer ?? 0)
            next += 2
            var verdict = NameVerdict.unrelated
            switch match {
            case .unrelated: break
            case .certain(let reading): verdict = .reading(reading)
            case .open(let questions):
                let answers = try questions.indices.map { try Self.answer(replies[next + $0]) }
                next += questions.count
                verdict = moves.decide(name, answers: answers)
            }
            // A key that vanished since the scan is neither.
            if type.equals(Bytes("none")) { continue }
            switch verdict {
            case .reading(let reading) where type.equals(reading.move.type.name):
                page.readings.append((reading, memory))
            case .ambiguous(let readings) where readings.contains { type.equals($0.move.type.name) }:
                doubtful.append((name, readings, memory))
            case .unrelated, .reading, .ambiguous:
                page.unrelated.append(name)
            }
        }
        try await settle(doubtful, in: &page, on: keyspace)
        return page
    }

    private func questions(
        for candidates: [(name: Bytes, match: NameMatch)],
        on keyspace: any Keyspace
    ) -> RoutedCommands {
        var commands = RoutedCommands(for: keyspace)
        for (name, match) in candidates {
            commands.add(for: name) { commands in
                commands.append("TYPE", name)
                commands.append("MEMORY", Bytes("USAGE"), name)
            }
            if case .open(let questions) = match {
                for question in questions { commands.append("HGET", question.key, question.field) }
            }
        }
        return commands
    }

    private static func answer(_ reply: Reply) throws -> Bytes? {
        if let error = reply.error, error.serverCode != "WRONGTYPE" { throw error }
        return reply.bytes
    }

    /// What this program copied itself is known from the ledger, whatever the names could mean.
    private func settle(
        _ doubtful: [(name: Bytes, readings: [NameReading], memory: Int)],
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
                let entry = try Self.answer(replies[next + index]).flatMap(LedgerEntry.init)
                return entry?.sourceName == digester.nameDigest(readings[index].move.source)
            }
            next += readings.count
            settle((name, readings, memory), known: known, in: &page)
        }
    }

    private func settle(
        _ doubt: (name: Bytes, readings: [NameReading], memory: Int),
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
