import Foundation
import RedisClient

/// A keyspace as the applications before version 1 left it, and what the migration must make of it.
///
/// The new names are written down here and not computed by the code under test: that is what makes it an oracle.
package struct OutpostKeyspace: Sendable {
    /// A time to live in days, as soft-deleted records have one; absolute milliseconds.
    package static let expiry = Int64(Date.now.timeIntervalSince1970 * 1000) + 5 * 86_400_000 + 123

    /// The commands that make it.
    package private(set) var commands: [[String]] = []
    /// The new name of each old one.
    package private(set) var newNames: [String: String] = [:]

    /// Tenants with a summary and two destinations each, every third with a soft-deleted one besides; and keys that are
    /// nobody's business.
    package init(tenants: Int) {
        for number in 0..<tenants { addTenant("t\(number)", isSoftDeleting: number.isMultiple(of: 3)) }
        // An id may hold any byte; only the hash itself says that this is a tenant.
        addTenant("acme:eu", isSoftDeleting: true)
        commands += [
            ["HSET", "tenant:foo:bar", "kind", "something else"],
            ["SET", "tenant:strange", "a string"],
            ["SET", "session:1", "opaque", "PXAT", String(Self.expiry)],
            ["RPUSH", "queue", "a", "b", "a"],
        ]
    }

    /// An empty keyspace.
    package init() {}

    /// The commands as `redis-cli` reads them, one a line.
    package var asText: String {
        commands.map { words in
            words.map { "\"\($0.replacingOccurrences(of: "\"", with: "\\\""))\"" }.joined(separator: " ")
        }
        .joined(separator: "\n") + "\n"
    }

    /// How many keys are to move.
    package var moving: Int { newNames.count }

    /// All keys, as many as the commands make.
    package var total: Int { newNames.count + 4 }

    /// Keys that no migration may touch.
    package mutating func addForeign(_ more: [[String]]) { commands += more }

    /// One tenant's records.
    package mutating func addTenant(_ id: String, isSoftDeleting: Bool = false) {
        hash("tenant:\(id)", as: "tenant:{\(id)}:tenant", ["id", id, "name", "Tenant \(id)", "topics", "[\"*\"]"])
        hash(
            "tenant:\(id):destinations",
            as: "tenant:{\(id)}:destinations",
            ["d1", "{\"type\":1}", "d2", "{\"type\":2}"]
        )
        for destination in ["d1", "d2"] { addDestination(destination, of: id) }
        guard isSoftDeleting else { return }
        addDestination("d3", of: id, ["deleted_at", "2026-01-02T03:04:05.678901234Z"])
        commands.append(["PEXPIREAT", "tenant:\(id):destination:d3", String(Self.expiry)])
    }

    private mutating func addDestination(_ destination: String, of tenant: String, _ more: [String] = []) {
        // A value longer than the compact encoding takes, as real configurations are.
        let configuration = String(repeating: "0123456789", count: 8)
        hash(
            "tenant:\(tenant):destination:\(destination)",
            as: "tenant:{\(tenant)}:destination:\(destination)",
            ["id", destination, "config", configuration, "created_at", "2026-01-01T00:00:00Z"] + more
        )
    }

    private mutating func hash(_ name: String, as newName: String, _ fields: [String]) {
        commands.append(["HSET", name] + fields)
        newNames[name] = newName
    }

    /// What a keyspace must be once old names have become new ones: nothing lost, nothing else touched.
    package func expected(after snapshot: Snapshot) -> Snapshot {
        var result = Snapshot()
        for (name, record) in snapshot.records { result.records[newNames[name] ?? name] = record }
        return result
    }

    /// What it must be while old and new names stand side by side.
    package func expectedBesideOld(after snapshot: Snapshot) -> Snapshot {
        var result = expected(after: snapshot)
        result.records.merge(snapshot.records) { $1 }
        return result
    }
}
