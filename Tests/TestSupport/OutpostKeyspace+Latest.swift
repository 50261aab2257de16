extension OutpostKeyspace {
    /// What all three migrations must make of the keyspace: names, times and kinds, written down by hand.
    package func expectedLatest(after snapshot: Snapshot) -> Snapshot {
        var result = expected(after: snapshot)
        for name in newNames.values {
            let isTenant = name.hasSuffix("}:tenant")
            guard isTenant || name.contains("}:destination:") else { continue }
            let content = result.records[name]?.content.map { field in
                field == "created_at=2026-01-01T00:00:00Z" ? "created_at=1767225600000" : field
            }
            result.records[name]?.content = ((content ?? []) + ["entity=\(isTenant ? "tenant" : "destination")"])
                .sorted()
        }
        return result
    }
}
