import Foundation
import Reconciler
import Testing

@testable import migrateredis

@Suite("status in every state: golden files")
struct StatusGoldenTests {
    private static let golden = Golden("status")

    @Test("text and JSON are as they were", arguments: StatusCase.all)
    func asBefore(one: StatusCase) throws {
        let document = try one.document()
        let text = StatusText.lines(document).joined(separator: "\n") + "\n"
        try Self.golden.compare(text, with: "\(one.name).txt")
        try Self.golden.compare(try document.json() + "\n", with: "\(one.name).json")
        #expect(document.checkStatus == one.check)
    }

    @Test("the text is made of the document and of nothing else", arguments: StatusCase.all)
    func isPure(one: StatusCase) throws {
        let document = try one.document()
        let json = try document.json()
        let read = try JSONDecoder().decode(StatusDocument.self, from: Data(json.utf8))
        #expect(read == document)
        #expect(StatusText.lines(read) == StatusText.lines(document))
        #expect(try read.json() == json)
    }

    @Test("nothing that was stored reaches the terminal as control characters", arguments: StatusCase.all)
    func isPrintable(one: StatusCase) throws {
        let document = try one.document()
        let isSafe = { (text: String) in text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 } }
        #expect(StatusText.lines(document).allSatisfy(isSafe))
        #expect(try document.json().split(separator: "\n").allSatisfy { isSafe(String($0)) })
    }

    @Test("every file belongs to a state, and every state has its name once")
    func files() throws {
        let names = StatusCase.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(try Self.golden.names() == Set(names.flatMap { ["\($0).txt", "\($0).json"] }))
    }

    @Test("every reason that one look can find has a state here")
    func reasons() throws {
        let found = Set(try StatusCase.all.map { try $0.document().next.reason })
        // These belong to a process that remembers, or to a step that it runs.
        let others: Set<Reason> = [
            .retrying, .stepFailed, .sourcesDisappeared, .cleanupPending, .clusterUnsettled, .replicasBehind,
            .serverStrained,
            // A replica, which has a test of its own.
            .notMaster,
        ]
        #expect(found.union(others) == Set(Reason.allCases))
    }

    @Test("every field of every document is named in the documentation")
    func isDocumented() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/MigrationKit/MigrationKit.docc/Commands.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        // These are names of reasons and kinds, not of fields.
        let free: Set<String> = ["collision", "foreign", "diverged", "destination", "summary", "tenant"]
        for one in StatusCase.all {
            let json = try JSONSerialization.jsonObject(with: Data(try one.document().json().utf8))
            for field in Self.fields(of: json).subtracting(free) {
                #expect(text.contains("`\(field)`"), "\(one.name): \(field)")
            }
        }
    }

    private static func fields(of json: Any) -> Set<String> {
        if let list = json as? [Any] { return list.reduce(into: []) { $0.formUnion(fields(of: $1)) } }
        guard let object = json as? [String: Any] else { return [] }
        return object.values.reduce(into: Set(object.keys)) { $0.formUnion(fields(of: $1)) }
    }
}
