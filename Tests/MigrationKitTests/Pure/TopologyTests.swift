import Testing

@testable import MigrationKit
@testable import RedisClient

@Suite("What the nodes of a cluster say of it")
struct TopologyTests {
    private struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var views: [String]
        var masters = 2
        /// A part of the error; nil where the cluster is settled.
        var told: String?

        var testDescription: String { name }
    }

    private static let a = "aaaa 127.0.0.1:1@2 myself,master - 0 0 1 connected"
    private static let b = "bbbb 127.0.0.1:3@4 master - 0 0 2 connected"
    private static let c = "cccc 127.0.0.1:5@6 slave aaaa 0 0 2 connected"
    private static let whole = "\(a) 0-8191\n\(b) 8192-16383\n\(c)\n"

    private static let cases = [
        Case(name: "all agree", views: [whole, whole]),
        Case(name: "an order of its own", views: [whole, "\(b) 8192-16383\n\(c)\n\(a) 0-8191\n"]),
        Case(
            name: "single slots and ranges",
            views: Array(repeating: "\(a) 0 1-8191\n\(b) 8192-16382 16383\n", count: 2)
        ),
        Case(name: "a slot leaves", views: ["\(a) 0-8191 [93->-bbbb]\n\(b) 8192-16383\n", whole], told: "on its way"),
        Case(name: "a slot comes", views: [whole, "\(a) 0-8191\n\(b) 8192-16383 [93-<-aaaa]\n"], told: "on its way"),
        Case(name: "they do not agree", views: [whole, "\(a) 0-8190\n\(b) 8191-16383\n"], told: "do not agree"),
        Case(
            name: "a hole",
            views: Array(repeating: "\(a) 0-8191\n\(b) 8193-16383\n", count: 2),
            told: "1 of its slots"
        ),
        Case(name: "a master more", views: [whole, whole], masters: 3, told: "have just changed"),
        Case(name: "nothing said", views: [], told: "do not agree"),
    ]

    @Test("are a settled cluster, or the reason why it is none", arguments: cases)
    private func table(one: Case) throws {
        let views = one.views.map(ClusterView.init(text:))
        guard let told = one.told else {
            #expect(try Topology(views, masterCount: one.masters).slots.count == 2)
            return
        }
        let error = #expect(throws: MigrationError.self) { try Topology(views, masterCount: one.masters) }
        #expect(error?.code == .clusterUnsettled)
        #expect(error?.isRetryable == true)
        #expect(error?.message.contains(told) == true, "\(error?.message ?? "")")
    }
}
