import TestSupport
import Testing

/// Records that applications delete between an apply and its rollback.
@Suite("A rollback")
struct RollbackTests {
    private static let owners = (0..<3).flatMap { [Owner("t\($0)", .tenant), Owner("t\($0)", .destination("x"))] }

    /// What applications do with the deleted record's name afterwards.
    enum Next: String, CaseIterable, Sendable { case nothing, recreate }

    @Test("makes no record of a copy whose old name was deleted", arguments: Next.allCases, [owners[0], owners[1]])
    func deleted(next: Next, doomed: Owner) async throws {
        try await withWorld(.server) { world in
            try await world.write(Dictionary(uniqueKeysWithValues: Self.owners.map { ($0.oldName, $0.fields()) }))
            var expected = Dictionary(uniqueKeysWithValues: Self.owners.map { ($0.newName, $0.fields()) })
            let apply = try await world.phase("apply")
            #expect(apply.exitStatus == 0, "\(apply)")
            try await world.send("UNLINK", doomed.oldName)
            expected[doomed.newName] = nil
            let rollback = try await world.phase("rollback")
            if next == .recreate {
                let fields = doomed.fields(value: "anew")
                try await world.write(doomed.oldName, fields)
                expected[doomed.newName] = fields
            }
            let converge = try await world.run("converge")
            // A copy that nobody can account for may wait for a person; what it must not is to end as if all were well.
            guard converge.exitStatus == 0 else { return }
            #expect(try await world.hashes() == expected, "\(rollback)\n\(converge)")
        }
    }
}
