import Foundation
import Testing

@testable import Settings

@Suite("The documentation of the settings")
struct DocumentationTests {
    @Test("its table is the table of settings, to the letter")
    func table() throws {
        let shown = try #require(Self.table(in: Self.page()), "the page has lost one of its two markers")
        #expect(
            shown == SettingTable.markdown(),
            "put this between the markers of Configuration.md:\n\(SettingTable.markdown())"
        )
    }

    @Test("every key is named", arguments: SettingTable.names)
    func everyKey(name: String) throws {
        #expect(try Self.page().contains("`\(name)`"))
    }

    @Test("a page is stale when a row is missing, changed or too many, and has no table without its markers")
    func stale() {
        let rows = SettingTable.markdown()
        func page(_ table: String) -> String { "before\n<!-- settings -->\n\(table)<!-- end of settings -->\nafter\n" }
        #expect(Self.table(in: page(rows)) == rows)
        #expect(Self.table(in: page(rows.replacing("`6379`", with: "`6380`"))) != rows)
        #expect(Self.table(in: page(String(rows.dropLast()))) != rows)
        #expect(Self.table(in: page(rows + "| more |\n")) != rows)
        #expect(Self.table(in: "before\n\(rows)<!-- end of settings -->\n") == nil)
        #expect(Self.table(in: "<!-- settings -->\n\(rows)after\n") == nil)
    }

    /// The text between the markers; nil without both of them, in their order.
    private static func table(in page: String) -> String? {
        guard let start = page.firstRange(of: "<!-- settings -->\n"),
            let end = page[start.upperBound...].firstRange(of: "<!-- end of settings -->\n")
        else { return nil }
        return String(page[start.upperBound..<end.lowerBound])
    }

    /// The page, in the clone that this file was compiled from.
    private static func page() throws -> String {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let path = "Sources/MigrationKit/MigrationKit.docc/Configuration.md"
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}
