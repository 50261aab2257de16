import MigrationKit
import Reconciler

/// What a plan tells people.
enum PlanText {
    static func lines(_ plan: Plan, of migration: any Migration, server: ServerInfo, verbose: Bool) -> [String] {
        let report = plan.report
        var lines = ["\(migration.name) raises the schema to \(migration.version): \(migration.description)", ""]
        lines += counts(report, written: "To write", in: .apply)
        lines.append("")
        if !(migration is any KeyMoveMigration) {
            lines.append("It rewrites fields in place: there is no copy to go back to. Save the data before (BGSAVE).")
        }
        if report.bytesNeeded > 0, !plan.sizesAreKnown {
            lines.append("What copies take is not known: the server has no MEMORY USAGE, or refuses it.")
        } else if report.bytesNeeded > 0 {
            lines.append(
                "Copies take about \(Wording.bytes(report.bytesNeeded)); \(memory(server, report.bytesNeeded))"
            )
        }
        let stays = report.unrelated == 1 ? "is unrelated and stays" : "are unrelated and stay"
        lines.append("\(Wording.keys(report.unrelated)) \(stays) untouched\(samples(report, verbose))")
        lines += ofOtherTools(report)
        if plan.hasConflicts { lines += held(report, verbose) }
        lines += large(report, verbose)
        if !report.samples.isEmpty {
            lines += ["", "For example:"]
            lines += report.samples.prefix(verbose ? 20 : 3).map { "  \($0)" }
        }
        return lines
    }

    /// What an apply that nobody was asked about found and did, before the raise or after it.
    static func outcome(_ report: WalkReport, isRaised: Bool, verbose: Bool) -> [String] {
        counts(report, written: "Written", in: isRaised ? .catchUp : .apply)
            + (report.held.total > 0 ? held(report, verbose) : [])
            + large(report, verbose)
    }

    /// How many pairs or hashes there were of each kind.
    static func kinds(_ report: WalkReport, _ heading: String) -> [String] {
        var table = Table(["Kind", heading], numeric: [1])
        let counts = report.counts.mapValues { $0.values.reduce(0, +) }.merging(report.rewrites.mapValues(\.total)) {
            $0 + $1
        }
        for (kind, count) in counts.sorted(by: { $0.key < $1.key }) { table.add([kind, Wording.number(count)]) }
        return counts.isEmpty ? [] : table.lines
    }

    /// What follows from another tool's having copied before.
    private static func ofOtherTools(_ report: WalkReport) -> [String] {
        var lines: [String] = []
        let gone = report.count(of: .reappeared)
        if gone > 0 {
            lines.append(
                "\(Wording.keys(gone, "old")) without a new one: applications may have deleted it, so nothing copies it "
                    + "(reappeared)."
            )
        }
        let changed = report.count(of: .adopted)
        if changed > 0 {
            lines.append(
                "\(Wording.keys(changed, "new")) that another tool copied and applications changed since: kept as they are."
            )
        }
        return lines.isEmpty ? [] : [""] + lines
    }

    private static func held(_ report: WalkReport, _ verbose: Bool) -> [String] {
        ["", "Held back, for a person to settle:"]
            + report.held.counts.sorted { $0.key < $1.key }.map { "  \($0.key)  \(Wording.number($0.value))" }
            + report.held.samples.prefix(verbose ? 20 : 5).map { "    \($0.reason)  \($0.key)" }
    }

    private static func counts(_ report: WalkReport, written: String, in column: Column) -> [String] {
        var table = Table(["Kind", "Keys", written, "Done", "Held"], numeric: [1, 2, 3, 4])
        for kind in report.counts.keys.sorted() {
            let row = Row(report.counts[kind] ?? [:], in: column)
            table.add([kind] + [row.keys, row.toWrite, row.done, row.held].map(Wording.number))
        }
        for (kind, counts) in report.rewrites.sorted(by: { $0.key < $1.key }) {
            let done = counts.done + counts.expiring
            table.add([kind] + [counts.total, counts.changed, done, counts.impossible].map(Wording.number))
        }
        let isEmpty = report.counts.isEmpty && report.rewrites.isEmpty
        return isEmpty ? ["No key of this migration was found."] : table.lines
    }

    private struct Row {
        var keys = 0
        var toWrite = 0
        var done = 0
        var held = 0

        init(_ counts: [PairClass: Int], in column: Column) {
            for (pairClass, count) in counts {
                let ruling = pairClass.ruling(in: column)
                keys += count
                switch ruling.finding {
                case .conflict, .wrong, .unaccepted, .kept: held += count
                default:
                    // What is forgotten is the ledger's, and writes no key.
                    if ruling.action == .leave || ruling.action == .forget { done += count } else { toWrite += count }
                }
            }
        }
    }

    /// What is only taken with a larger limit, and what that would mean for everybody else.
    private static func large(_ report: WalkReport, _ verbose: Bool) -> [String] {
        let shown = report.large.sorted { $0.bytes > $1.bytes }.prefix(verbose ? 20 : 5)
        guard !shown.isEmpty else { return [] }
        let heading = "Larger than limits.key-bytes, and taken only with that raised; each copy then stops the server:"
        return ["", heading]
            + shown.map { large in
                let stall = [large.stall.lowerBound, large.stall.upperBound].map(Wording.duration)
                return "  \(large.key)  \(Wording.bytes(large.bytes)), for \(stall[0]) to \(stall[1])"
            }
    }

    private static func memory(_ server: ServerInfo, _ needed: Int) -> String {
        guard server.maxMemory > 0 else { return "the server sets no limit on memory." }
        let free = max(0, server.maxMemory - server.usedMemory)
        let lack = needed > free ? " That is too little: raise it, or apply stops when it is used up." : ""
        return "\(Wording.bytes(free)) of maxmemory are free.\(lack)"
    }

    private static func samples(_ report: WalkReport, _ verbose: Bool) -> String {
        guard !report.unrelatedSamples.isEmpty else { return "." }
        let shown = report.unrelatedSamples.prefix(verbose ? 20 : 3).joined(separator: ", ")
        return report.unrelated > (verbose ? 20 : 3) ? ", such as \(shown)." : ": \(shown)."
    }
}
