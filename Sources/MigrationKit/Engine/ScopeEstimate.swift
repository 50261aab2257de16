import RedisClient

/// How many keys of each kind there are about, by the names of a part of the keyspace.
///
/// SCAN goes by the hashes of the names, so those that it tells first are chosen as if by chance.
struct ScopeEstimate {
    /// How names are understood.
    let moves: any KeyMoves
    /// Whether names of this kind count, those of sources or those of destinations.
    let concerns: (_ kind: String, _ isSource: Bool) -> Bool
    /// The names that are nobody's data.
    let names: KeyNames

    /// Of 4,000 names a kind that is a tenth of them is told to within a tenth, 19 times out of 20. A page of 1,000 stops the
    /// server for more than a millisecond.
    private static let pages = 16
    private static let pageSize = 250
    /// What the names of one page may take.
    private static let mostNameBytes = 1 << 19

    /// Asks each master for some names; nil where they tell nothing: none of them counts, and there are more.
    func read(from keyspace: any Keyspace) async throws -> Scope? {
        var kinds: [String: Int] = [:]
        var isWhole = true
        for master in try await keyspace.masters() {
            // Names so long that many at once are too much tell nothing: the plan asks for fewer.
            guard let sample = try await sampleIfShort(of: master) else { return nil }
            isWhole = isWhole && sample.isWhole
            let all = sample.isWhole ? sample.names.count : try await keyCount(of: master.connection)
            for (kind, count) in counts(of: sample.names) {
                kinds[kind, default: 0] += Self.scaled(count, of: sample.names.count, to: all)
            }
        }
        return isWhole || !kinds.isEmpty ? Scope(kinds: kinds) : nil
    }

    /// How many of `all` there are, if `count` of so many are.
    static func scaled(_ count: Int, of sample: Int, to all: Int) -> Int {
        guard sample > 0, all > sample else { return count }
        return Int((Double(count) * Double(all) / Double(sample)).rounded())
    }

    /// How many names of each kind there are, by what the names alone say.
    func counts(of names: some Sequence<Bytes>) -> [String: Int] {
        // Of few kinds: a list is searched faster than a dictionary.
        var counts: [(kind: String, count: Int)] = []
        for name in names {
            guard let kind = kind(of: name) else { continue }
            if let place = counts.firstIndex(where: { $0.kind == kind }) {
                counts[place].count += 1
            } else {
                counts.append((kind, 1))
            }
        }
        return Dictionary(uniqueKeysWithValues: counts.map { ($0.kind, $0.count) })
    }

    /// The kind of a name that counts; nil for all others.
    private func kind(of name: Bytes) -> String? {
        guard name.count <= NameBound.most else { return nil }
        if let copy = moves.likelyCopy(name) { return concerns(copy.kind, false) ? copy.kind : nil }
        return moves.readings(byNameAlone: name).first { concerns($0.move.kind, $0.isSource) }?.move.kind
    }

    private func sampleIfShort(of master: KeyspaceMaster) async throws -> (names: [Bytes], isWhole: Bool)? {
        do {
            return try await sample(of: master)
        } catch let error where KeyFault(error) != nil {
            _ = try await master.connection.reopen()
            return nil
        }
    }

    private func sample(of master: KeyspaceMaster) async throws -> (names: [Bytes], isWhole: Bool) {
        var seen: Set<KeyName> = []
        var sample: [Bytes] = []
        var cursor = Bytes("0")
        for _ in 0..<Self.pages {
            var commands = CommandBuffer()
            commands.expect(replyBytes: Self.mostNameBytes)
            commands.append("SCAN", cursor, Bytes("COUNT"), Bytes("\(Self.pageSize)"))
            let page = try ScanPage(try await master.connection.pipeline(commands)[0].unlessError())
            for name in page.names.elements.compactMap(\.bytes) where !names.isBookkeeping(name) && master.owns(name) {
                if seen.insert(KeyName(name)).inserted { sample.append(name) }
            }
            if page.isLast { return (sample, true) }
            cursor = page.cursor
        }
        return (sample, false)
    }

    /// By INFO, which the programs' user has anyway.
    private func keyCount(of connection: RedisConnection) async throws -> Int {
        let fields = try InfoFields([try await connection.send("INFO", Bytes("keyspace"))])
        return ServerInfo.keys(fields["db\(connection.options.database)"])
    }
}
