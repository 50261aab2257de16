/// A few records of plain names, which lie on different nodes of a cluster.
enum Estate {
    static let owners = ["t1", "t2", "t27"].flatMap { tenant in
        [Owner(tenant, .tenant), Owner(tenant, .summary), Owner(tenant, .destination("x"))]
    }

    /// Makes everything anew.
    static func build(in world: World) async throws {
        try await world.wipe()
        for owner in owners { try await world.write(owner.oldName, owner.fields()) }
    }

    /// In words, which of these records is not whole under one of its names.
    static func faults(of hashes: [String: [String: String]], without exception: Owner) -> [String] {
        owners.filter { $0 != exception }.compactMap { owner in
            let isWhole = [owner.oldName, owner.newName].contains { hashes[$0] == owner.fields() }
            return isWhole ? nil : "\(owner.newName), which nobody touched, is \(hashes[owner.newName] ?? [:])"
        }
    }
}
