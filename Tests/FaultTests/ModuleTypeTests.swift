import TestSupport
import Testing

/// A server with a module whose type can neither be copied nor compared.
@Suite("Types of modules")
struct ModuleTypeTests {
    private static let foreign = ["tenant:t9", "tenant:t9:destinations", "tenant:t1:destination:parcel"]

    private func withParcels(_ body: (Stage) async throws -> Void) async throws {
        let module = try await LoadableLibrary.path(of: "parcel")
        try await withStage(Keyspace(tenants: 3), arguments: ["--loadmodule", module], body)
    }

    @Test("under old names are counted and named by plan, and stay as they are, whatever else moves")
    func oldName() async throws {
        try await withParcels { stage in
            for (number, name) in Self.foreign.enumerated() { try await stage.send("PARCEL.SET", name, "\(number)") }
            let before = try await stage.snapshot()
            #expect(before.records[Self.foreign[0]]?.type == "parceltyp")
            let plan = try await stage.run("-migration", "001_hash_tags", "-verbose", "plan")
            #expect(plan.exitStatus == 0, "\(plan)")
            for name in Self.foreign { #expect(plan.standardOutput.contains(name), "\(plan)") }
            let latest = ["MIGRATEREDIS_SCHEMA_TARGET": "3"]
            let result = try await stage.converge(with: latest)
            #expect(result.exitStatus == 0, "\(result)")
            for (number, name) in Self.foreign.enumerated() {
                #expect(try await stage.send("PARCEL.GET", name).integer == Int64(number))
            }
            let after = try await stage.snapshot()
            #expect(after.difference(from: stage.keyspace.expectedLatest(after: before)) == nil)
            let changes = try await stage.changes()
            #expect(try await stage.converge(with: latest).exitStatus == 0)
            #expect(try await stage.changes() == changes)
        }
    }

    @Test("under new names are conflicts: they block, nothing is touched, and without them all ends right")
    func newName() async throws {
        try await withParcels { stage in
            let new = "tenant:{t1}:tenant"
            try await stage.send("PARCEL.SET", new, "7")
            let before = try await stage.snapshot()
            let plan = try await stage.run("-migration", "001_hash_tags", "plan")
            #expect(plan.exitStatus == 1, "\(plan)")
            #expect(plan.standardOutput.contains("tenant:t1"), "\(plan)")
            let result = try await stage.converge()
            #expect(result.exitStatus == 1, "\(result)")
            #expect(try await stage.text("outpost:schema:version") == nil)
            let between = try await stage.snapshot()
            for (name, record) in before.records { #expect(between.records[name] == record, "\(name)") }
            #expect(try await stage.send("PARCEL.GET", new).integer == 7)
            try await stage.send("UNLINK", new)
            let retry = try await stage.run("retry")
            #expect(retry.exitStatus == 0, "\(retry)")
            let next = try await stage.converge()
            #expect(next.exitStatus == 0, "\(next)")
            #expect(try await stage.faultOfConverged() == nil)
        }
    }
}
