import TestSupport

/// A Prometheus text file, read as strictly as its own reader does: any line that is not in order is a fault.
struct MetricsText {
    /// Each sample by its name and labels, as they are written.
    private(set) var samples: [String: Double] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw TestSupportError("The last line has no end.") }
        var family: (name: String, kind: String)?
        var helped: String?
        var done: Set<String> = []
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                guard words.count == 4, done.insert(words[2]).inserted else { throw Self.fault(line) }
                helped = words[2]
            } else if line.hasPrefix("# TYPE ") {
                guard words.count == 4, words[2] == helped, ["gauge", "counter"].contains(words[3]) else {
                    throw Self.fault(line)
                }
                family = (words[2], words[3])
            } else {
                try sample(line, of: family)
            }
        }
    }

    private mutating func sample(_ line: Substring, of family: (name: String, kind: String)?) throws {
        // No label of ours holds a blank; with a time there would be two.
        guard let blank = line.firstIndex(of: " "), let family else { throw Self.fault(line) }
        let series = String(line[..<blank])
        let name = series.prefix { $0 != "{" }
        guard name == family.name, let value = Double(line[line.index(after: blank)...]) else { throw Self.fault(line) }
        if series.count > name.count {
            let labels = series.dropFirst(name.count)
            guard labels.wholeMatch(of: /\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\}/) != nil else {
                throw Self.fault(line)
            }
        }
        guard samples.updateValue(value, forKey: series) == nil else { throw Self.fault(line) }
        guard family.kind != "counter" || value >= 0 && series.contains("_total") else { throw Self.fault(line) }
    }

    private static func fault(_ line: Substring) -> TestSupportError { TestSupportError("Not in order: \(line)") }

    subscript(_ series: String) -> Double? { samples["migrateredis_" + series] }
}
