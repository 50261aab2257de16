import Foundation
import MigrationKit
import Reconciler
import TestSupport
import Testing

@Suite("The manual pages")
struct ManualTests {
    /// A page, by its name and section.
    enum Page: String, CaseIterable, Sendable {
        case commandLine = "migrateredis(1)"
        case daemon = "migrateredisd(8)"
        case runbook = "migrateredis-runbook(7)"
    }

    /// Pages of others that ours name.
    private static let others: Set<String> = [
        "systemd.service(5)", "journalctl(1)", "redis-server(1)", "redis-cli(1)", "systemd-creds(1)",
    ]

    /// A page as its source has it, in lines, without what sets it.
    private static func lines(of page: Page) async throws -> [String] {
        let programs = try ["migrateredis", "migrateredisd"].map(ProductPath.find)
        let arguments =
            switch page {
            case .commandLine: [programs[0], "1", "0"]
            case .daemon: [programs[1], "8", "0"]
            case .runbook: ["--runbook", programs[0], "0"]
            }
        let result = try await ProcessRunner.run(Pages.path("deploy/manual"), arguments)
        #expect(result.exitStatus == 0 && result.standardError.isEmpty, "\(result)")
        let text = result.standardOutput.replacing(#/\\f[BIR]/#, with: "").replacing("\\-", with: "-")
            .replacing("\\&", with: "").replacing("\\e", with: "\\")
        // `.BR name (8),` is name(8), and what follows.
        return text.split(separator: "\n").map { line in
            String(line).replacing(#/^\.(?:[BI]|BR|RI) /#, with: "").replacing(#/^([\w.-]+) (\(\d\))/#) {
                "\($0.output.1)\($0.output.2)"
            }
        }
    }

    /// What has a place of its own in a page: headings, and the terms of its lists.
    private static func places(in lines: [String]) -> Set<String> {
        var places: Set<String> = []
        for (line, next) in zip(lines, lines.dropFirst() + [""]) {
            if line.hasPrefix(".SH ") || line.hasPrefix(".SS ") { places.insert(String(line.dropFirst(4))) }
            if line == ".TP" { places.insert(String(next.prefix { $0 != " " })) }
        }
        return places
    }

    @Test("refer to no place that is not there", arguments: Page.allCases)
    func references(page: Page) async throws {
        let lines = try await Self.lines(of: page)
        let text = lines.joined(separator: " ")
        expectNone(text.firstMatch(of: #/(?i)\b(see|as) (below|above)\b/#).map { "\($0.output.0)" })
        for match in text.matches(of: #/([a-z][a-z.-]*)\((\d)\)/#) {
            let name = String(match.output.0)
            #expect(Self.others.contains(name) || Page(rawValue: name) != nil, "\(name)")
        }
        let places = Self.places(in: lines)
        for match in text.matches(of: #/\b[Ss]ee ([A-Z]\w+)/#) where match.output.1 != "INFO" {
            #expect(places.contains(String(match.output.1)), "\(match.output.0)")
        }
        expectNone(text.firstMatch(of: #/<doc:|\]\(|`/#).map { "left of Markdown: \($0.output)" })
    }

    @Test("have the headings of a manual page, and none without a text", arguments: Page.allCases)
    func headings(page: Page) async throws {
        let lines = try await Self.lines(of: page)
        let headings = lines.filter { $0.hasPrefix(".SH ") }.map { String($0.dropFirst(4)) }
        var expected = ["NAME", "DESCRIPTION", "SEE ALSO"]
        switch page {
        case .commandLine:
            expected += ["SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "EXAMPLES", "FILES"]
        case .daemon:
            expected += ["SYNOPSIS", "OPTIONS", "EXIT STATUS", "SIGNALS", "SETTINGS", "REASONS", "METRICS", "FILES"]
        case .runbook: expected += ["FIRST LOOK", "ALERTS", "REASONS", "HELD KEYS"]
        }
        #expect(headings.sorted() == expected.sorted())
        for (line, next) in zip(lines, lines.dropFirst() + [".SH"]) where line.hasPrefix(".SH ") {
            #expect(!next.hasPrefix(".SH"), "\(line)")
        }
    }

    @Test("of the daemon tell of no command, of every way that it ends, and of every reason")
    func daemon() async throws {
        let lines = try await Self.lines(of: .daemon)
        let synopsis = lines.drop { $0 != ".SH SYNOPSIS" }.prefix { $0 != ".SH DESCRIPTION" }.joined(separator: " ")
        #expect(synopsis == ".SH SYNOPSIS migrateredisd [ options ]")
        let statuses = lines.drop { $0 != ".SH EXIT STATUS" }.prefix { $0 != ".SH SIGNALS" }.compactMap { Int($0) }
        #expect(statuses == [0, 64, 75, 78])
        #expect(Set(Reason.allCases.map(\.rawValue)).subtracting(Self.places(in: lines)).isEmpty)
    }

    @Test("of the command line put what may be left out into brackets, and what must be said without")
    func usage() async throws {
        let lines = try await Self.lines(of: .commandLine)
        for heading in [".SS approve [name] [phase]", ".SS resolve [name] [key ...] --keep side", ".SS pin version"] {
            #expect(lines.contains(heading), "\(heading)")
        }
        let environment = Self.places(in: Array(lines.drop { $0 != ".SH ENVIRONMENT" }))
        #expect(environment.isSuperset(of: ["REDIS_HOST", "REDIS_PASSWORD_FILE", "NO_COLOR"]))
    }

    @Test("have the runbook's every section")
    func runbook() async throws {
        let places = Self.places(in: try await Self.lines(of: .runbook))
        let names = Reason.allCases.map(\.rawValue) + HeldReason.allCases.map(\.rawValue)
        #expect(places.isSuperset(of: names + (try MonitoringTests.alerts().map(\.name))))
    }
}
