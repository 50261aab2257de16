import RedisClient

/// What the names of the keys say of whether a keyspace is the one that was meant.
///
/// A wrong database or deployment id looks like a keyspace with nothing to do: its version would be raised, and the
/// applications started beside data that nobody has migrated.
struct PlaceSurvey {
    /// A migration's view of the names, in this deployment and in one without an id.
    private struct View {
        let migration: String
        let own: any KeyMoves
        let bare: any KeyMoves
        /// Why the migration is skipped here; nil where it is not.
        let skipReason: String?
    }

    private let views: [View]
    private let names: KeyNames

    /// How many keys of this deployment the migrations are about, as far as was looked.
    private(set) var ownCount = 0
    /// How many of them have an old name of a migration that is skipped, with the first one.
    private(set) var skipped: (count: Int, migration: String, sample: Bytes, reason: String)?
    /// A key that the migrations would be about in another deployment.
    private(set) var other: Bytes?

    /// Whether the names could not be listed: then nothing is known, and what comes next says why.
    private var isBlind = false

    private static let pageSize = 1000
    /// What the names of a page may take.
    private static let mostNameBytes = 1 << 20
    private static let longestSample = 120

    /// A survey for some migrations; nil where the names of one's keys do not tell.
    init?(_ registry: MigrationRegistry, _ names: KeyNames) {
        var views: [View] = []
        for migration in registry.migrations {
            guard let own = migration.keyMoves(in: names), let bare = migration.keyMoves(in: KeyNames()) else {
                return nil
            }
            var skipReason: String?
            if case .notApplicable(let reason) = migration.applicability(in: names) { skipReason = reason }
            views.append(View(migration: migration.name, own: own, bare: bare, skipReason: skipReason))
        }
        guard !views.isEmpty else { return nil }
        self.views = views
        self.names = names
    }

    // MARK: Looking

    /// Lists names, and pauses as long as the server worked.
    ///
    /// A user who may not list them learns that from the phase, which names all that is missing. Errors: those of the
    /// connection; `interrupted` when asked to stop.
    mutating func look(at keyspace: any Keyspace, keys: Int, shouldStop: @Sendable () -> Bool) async throws {
        do {
            try await list(keyspace, keys: keys, shouldStop: shouldStop)
        } catch let error as RedisError where error.isPermission || error.code == .unsupportedServer {
            isBlind = true
        }
    }

    private mutating func list(_ keyspace: any Keyspace, keys: Int, shouldStop: () -> Bool) async throws {
        for master in try await keyspace.masters() {
            var cursor = Bytes("0")
            var bound = ScanBound(count: keys, slack: 1_000_000)
            var pageSize = Self.pageSize
            repeat {
                if shouldStop() { throw MigrationError(.interrupted, "Stopped before anything was begun.") }
                let began = ContinuousClock.now
                let page: ScanPage
                do {
                    page = try await self.page(of: pageSize, from: cursor, on: master.connection)
                } catch let error where KeyFault(error) == .tooLarge || KeyFault(error) == .refused {
                    _ = try await master.connection.reopen()
                    // Names too long for so many at once.
                    guard pageSize > 1 else {
                        isBlind = true
                        return
                    }
                    pageSize /= 10
                    continue
                }
                for name in page.names.elements.compactMap(\.bytes) where master.owns(name) { note(name) }
                if isDone || page.isLast { break }
                cursor = page.cursor
                try bound.goOn(behind: pageSize, of: "SCAN", "keys")
                try await Task.sleep(for: min(began.duration(to: .now), .milliseconds(5)))
            } while true
            if isDone { return }
        }
    }

    /// Whether more names would change nothing.
    private var isDone: Bool { ownCount > 0 && !views.contains { $0.skipReason != nil } }

    private func page(of size: Int, from cursor: Bytes, on connection: RedisConnection) async throws -> ScanPage {
        var words = [cursor, Bytes("COUNT"), Bytes("\(size)")]
        let prefixes = Set(views.map(\.bare.prefix))
        if prefixes.count == 1, let prefix = prefixes.first { words += [Bytes("MATCH"), Glob.matching(part: prefix)] }
        var commands = CommandBuffer()
        commands.expect(replyBytes: Self.mostNameBytes)
        commands.append("SCAN", words)
        return try ScanPage(try await connection.pipeline(commands)[0].unlessError())
    }

    // MARK: Judging

    /// Takes a name into account.
    mutating func note(_ name: Bytes) {
        guard !names.isBookkeeping(name) else { return }
        guard name.count <= NameBound.most else {
            if views.contains(where: { name.starts(with: $0.own.prefix) }) { ownCount += 1 }
            return
        }
        var isOwn = false
        for view in views where name.starts(with: view.own.prefix) {
            let readings = view.own.readings(byNameAlone: name)
            guard !readings.isEmpty else { continue }
            isOwn = true
            if let reason = view.skipReason, readings.allSatisfy(\.isSource) {
                let first = skipped
                skipped = (
                    (first?.count ?? 0) + 1, first?.migration ?? view.migration, first?.sample ?? name,
                    first?.reason ?? reason
                )
                break
            }
        }
        if isOwn {
            ownCount += 1
        } else if other == nil, views.contains(where: { Self.isOfAnother(name, $0.bare) }) {
            other = name
        }
    }

    /// Whether a name is one of the migrations' behind some deployment id, or without one.
    private static func isOfAnother(_ name: Bytes, _ bare: any KeyMoves) -> Bool {
        let prefix = bare.prefix
        guard !prefix.isEmpty, name.count >= prefix.count else { return false }
        for start in 0...(name.count - prefix.count) where start == 0 || name[start - 1] == UInt8(ascii: ":") {
            guard name[start...].starts(with: prefix) else { continue }
            if !bare.readings(byNameAlone: Bytes(name[start...])).isEmpty { return true }
        }
        return false
    }

    /// Why the keyspace is hardly the one that was meant; nil where nothing speaks against it.
    ///
    /// `database` is nil in a cluster, which has one.
    func doubt(in database: Int?, keys: Int) -> String? {
        if let skipped {
            let keys = skipped.count == 1 ? "1 key has an old name" : "\(skipped.count) keys have old names"
            return "\(keys) of \(skipped.migration), such as \(Self.text(skipped.sample)), and it is skipped here: "
                + "\(skipped.reason) Nothing would move them: is schema.deployment-id (DEPLOYMENT_ID) right?"
        }
        guard ownCount == 0, !isBlind else { return nil }
        if let other {
            return "No key of this deployment is here, and \(Self.text(other)) is one of another: is "
                + "schema.deployment-id (DEPLOYMENT_ID) right?"
        }
        let place = database.map { "Database \($0)" } ?? "The cluster"
        let setting = database == nil ? "redis.host (REDIS_HOST)" : "redis.database (REDIS_DATABASE)"
        return "\(place) holds \(keys) \(keys == 1 ? "key" : "keys"), and none that the migrations are about: is "
            + "\(setting) right?"
    }

    private static func text(_ name: Bytes) -> String { KeyText.escaped(name, limit: longestSample) }
}
