import MigrationKit
import RedisClient
import Testing

@testable import Migrations

@Suite("003_entity: what becomes of one field")
struct EntityRewriteTests {
    private let rewrites = Entity().rewrites(in: KeyNames())

    @Test("a hash without entity gets its kind", arguments: ["tenant", "destination"])
    func absent(kind: String) {
        let expected: FieldRewrite = .change([FieldChange(field: Bytes("entity"), value: Bytes(kind))])
        #expect(rewrites.rewrite([nil], kind: kind) == expected)
    }

    @Test("an empty entity is none, and gets the kind", arguments: ["tenant", "destination"])
    func empty(kind: String) {
        let expected: FieldRewrite = .change([FieldChange(field: Bytes("entity"), value: Bytes(kind))])
        #expect(rewrites.rewrite([Bytes()], kind: kind) == expected)
    }

    @Test("an entity that is there stays, whatever it says", arguments: ["tenant", "destination", " ", "other"])
    func present(value: String) {
        #expect(rewrites.rewrite([Bytes(value)], kind: "tenant") == .done)
    }
}
