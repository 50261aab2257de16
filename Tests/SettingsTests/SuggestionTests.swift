import Testing

@testable import Settings

@Suite("Suggestions")
struct SuggestionTests {
    @Test(
        "a name that is nearly one of ours is recognised",
        arguments: [
            ("redis.hots", "redis.host"), ("redis.tls.ca_file", "redis.tls.ca-file"), ("Redis.Host", "redis.host"),
            ("schema.targe", "schema.target"), ("textfile", "metrics.textfile"),
            ("deployment_id", "schema.deployment-id"),
            ("tls.verify", "redis.tls.verify"), ("lock.stale-afterr", "lock.stale-after"),
        ]
    )
    func near(text: String, name: String) {
        #expect(nearest(to: text, among: SettingTable.names) == name)
    }

    @Test("a name that is nothing like ours is not", arguments: ["", "x", "quux", "server.address", "redis", "-", "."])
    func far(text: String) {
        #expect(nearest(to: text, among: SettingTable.names) == nil)
        #expect(nearest(to: String(repeating: "redis.host", count: 20), among: SettingTable.names) == nil)
    }
}
