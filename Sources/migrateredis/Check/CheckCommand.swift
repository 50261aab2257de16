import ArgumentParser
import FoundationEssentials
import MigrationKit
import Programs
import RedisClient

/// Looks at everything that the work depends on, before it.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Preflight: check everything that the work depends on; each finding with its remedy.",
        discussion: "Changes nothing. Exit status by the worst: 0, or 1, 69, 77, 78 for a problem; warnings are 0."
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var form: OutputOption

    func run() async throws {
        try await options.withWiring { wiring, terminal in
            var report = CheckReport()
            do {
                let keyspace = try await wiring.connection(clientName: "migrateredis").openKeyspace()
                let session = Session(
                    wiring: wiring,
                    keyspace: keyspace,
                    interruption: Interruption.begin(),
                    terminal: terminal
                )
                report.findings = await Preflight(session: session).run()
                await keyspace.close()
            } catch {
                let hint = Hint.text(for: error, settings: wiring.loaded)
                report.findings = [.problem("connection", "\(error)", hint, ExitStatus(error))]
                if wiring.target == nil { report.findings.append(Preflight.missingTarget) }
            }
            switch form.output {
            case .text: terminal.show(CheckText.lines(report))
            case .json: terminal.print(try CheckText.json(report))
            }
            guard report.status == .done else { throw report.status.code }
        }
    }
}

/// Findings as people and as programs read them.
enum CheckText {
    static func lines(_ report: CheckReport) -> [String] {
        let width = report.findings.map(\.check.count).max() ?? 0
        var lines: [String] = []
        for finding in report.findings {
            let name = finding.check + String(repeating: " ", count: width - finding.check.count)
            lines.append("\(mark(finding.level))  \(name)  \(finding.message)")
            if let remedy = finding.remedy {
                lines.append(String(repeating: " ", count: width + 11) + "→ \(remedy)")
            }
        }
        return lines
    }

    static func json(_ report: CheckReport) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return SafeText.json(String(decoding: try encoder.encode(report), as: UTF8.self))
    }

    private static func mark(_ level: CheckFinding.Level) -> String {
        switch level {
        case .ok: return "ok     "
        case .warning: return "WARNING"
        case .problem: return "PROBLEM"
        }
    }
}
