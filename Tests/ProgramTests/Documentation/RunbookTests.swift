import MigrationKit
import Reconciler
import Testing

@Suite("The runbook")
struct RunbookTests {
    /// The names that have a section below a heading of the second level, each with its text.
    private static func sections(below chapter: String) throws -> [String: String] {
        let text = try Pages.article("Runbook")
        let start = try #require(text.firstRange(of: "\n## \(chapter)\n"))
        let rest = text[start.upperBound...]
        let body = rest.firstRange(of: "\n## ").map { rest[..<$0.lowerBound] } ?? rest
        let sections = body.split(separator: "\n### ").dropFirst().map { section in
            let lines = section.split(separator: "\n", maxSplits: 1)
            return (lines[0].filter { $0 != "`" }, lines.count > 1 ? String(lines[1]) : "")
        }
        return Dictionary(sections) { first, _ in first }
    }

    @Test("has a section for each reason, and none for others")
    func reasons() throws {
        #expect(Set(try Self.sections(below: "Reasons").keys) == Set(Reason.allCases.map(\.rawValue)))
    }

    @Test("has a section for each reason for which keys are held, and none for others")
    func heldKeys() throws {
        #expect(Set(try Self.sections(below: "Held keys").keys) == Set(HeldReason.allCases.map(\.rawValue)))
    }

    @Test("has a section for each alert, and none for others")
    func alerts() throws {
        #expect(Set(try Self.sections(below: "Alerts").keys) == Set(try MonitoringTests.alerts().map(\.name)))
    }

    @Test("says something in each section")
    func content() throws {
        for chapter in ["Alerts", "Reasons", "Held keys"] {
            for (name, text) in try Self.sections(below: chapter) { #expect(text.count > 60, "\(name): \(text)") }
        }
    }

    @Test("names resolve for what it settles, and only for that")
    func resolve() throws {
        for (name, text) in try Self.sections(below: "Held keys") {
            let says = text.contains("migrateredis resolve") || text.contains("--keep")
            #expect(says == HeldReason.isSettledByChoice(name), "\(name)")
        }
    }

    @Test("has a row for each reason in the overview, which leads to its section")
    func overview() throws {
        let page = try Pages.article("Operating")
        for reason in Reason.allCases {
            let link = "| [`\(reason.rawValue)`](Runbook.md#\(reason.rawValue.lowercased())) |"
            #expect(page.contains(link), "\(link)")
        }
    }
}
