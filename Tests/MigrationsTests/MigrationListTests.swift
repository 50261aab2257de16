import MigrationKit
import Migrations
import Testing

@Suite("The list of migrations")
struct MigrationListTests {
    @Test("numbers them without a gap and names them after their version")
    func order() {
        let registry = MigrationRegistry.outpost
        #expect(registry.latest == registry.migrations.count)
        for (index, migration) in registry.migrations.enumerated() {
            #expect(migration.version == index + 1)
            let digits = String(migration.version)
            #expect(migration.name.hasPrefix(String(repeating: "0", count: 3 - digits.count) + digits + "_"))
            #expect(migration.description.hasSuffix("."))
        }
        #expect(Set(registry.migrations.map(\.name)).count == registry.latest)
    }

    @Test("finds each by its version and by its name, and says which there are")
    func lookup() throws {
        let registry = MigrationRegistry.outpost
        #expect(registry.migration(raisingTo: 1)?.name == "001_hash_tags")
        #expect(registry.migration(raisingTo: 0) == nil)
        #expect(registry.migration(raisingTo: registry.latest + 1) == nil)
        #expect(try registry.migration(named: "001_hash_tags").version == 1)
        #expect(try registry.migration(named: "001").version == 1)
        for name in ["1", "01", "00", "001_", "_hash_tags", "hash_tags", "", "001_hash_tag"] {
            let error = #expect(throws: MigrationError.self, "\(name)") { try registry.migration(named: name) }
            #expect(error?.code == .unknownMigration && error?.message.contains("001_hash_tags") == true)
        }
    }

    @Test("has nothing to do with hash tags in a deployment that has an id")
    func applicability() {
        #expect(HashTags().applicability(in: KeyNames()) == .applicable)
        guard case .notApplicable(let reason) = HashTags().applicability(in: KeyNames(deploymentID: "d1")) else {
            Issue.record("001_hash_tags is applied with a deployment id")
            return
        }
        #expect(!reason.isEmpty)
    }
}
