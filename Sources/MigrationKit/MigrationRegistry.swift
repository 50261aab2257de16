/// The migrations that a program knows, in the order of their versions.
public struct MigrationRegistry: Sendable {
    /// All of them; versions 1, 2, 3, … without a gap.
    public let migrations: [any Migration]

    /// A registry of these migrations.
    ///
    /// Versions that are not 1, 2, 3, … or names that could not be part of a key's name are our own mistake.
    public init(_ migrations: [any Migration]) {
        for (index, migration) in migrations.enumerated() {
            precondition(migration.version == index + 1, "Migrations are numbered 1, 2, 3, …")
            precondition(
                migration.name.utf8.allSatisfy { $0 == 95 || (48...57).contains($0) || (97...122).contains($0) },
                "A migration's name has lower-case letters, digits and _ only."
            )
        }
        self.migrations = migrations
    }

    /// The newest version known.
    public var latest: Int { migrations.count }

    /// The migration that raises to a version; nil where none does.
    public func migration(raisingTo version: Int) -> (any Migration)? {
        (1...max(1, latest)).contains(version) && latest > 0 ? migrations[version - 1] : nil
    }

    /// The migration of a name, or of its number as the name has it: `001` for `001_hash_tags`.
    ///
    /// Errors: `unknownMigration`, with the names that are known; also for a number that two of them have.
    public func migration(named name: String) throws -> any Migration {
        if let found = migrations.first(where: { $0.name == name }) { return found }
        let numbered = migrations.filter { $0.name.prefix { $0 != "_" } == name }
        if let found = numbered.first, numbered.count == 1 { return found }
        let known = migrations.map(\.name).joined(separator: ", ")
        throw MigrationError(.unknownMigration, "There is no migration named \(name); known are: \(known).")
    }
}
