import RedisClient

/// Prometheus' text format, as node_exporter's textfile collector reads it.
///
/// See prometheus.io/docs/instrumenting/exposition_formats. No sample has a time: the collector refuses those.
public enum MetricText {
    /// What every name begins with.
    public static let prefix = "migrateredis_"

    /// The whole file.
    public static func render(_ families: [MetricFamily]) -> String {
        families.filter { !$0.samples.isEmpty }.map(text).joined()
    }

    private static func text(_ family: MetricFamily) -> String {
        let name = prefix + family.name
        let head = "# HELP \(name) \(escaped(family.help))\n# TYPE \(name) \(family.kind.rawValue)\n"
        return head + family.samples.map { "\(name)\(labels($0.labels)) \(number($0.value))\n" }.joined()
    }

    private static func labels(_ labels: [MetricFamily.Label]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { "\($0.name)=\"\(escaped($0.value, quote: true))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    /// Whole numbers without a fraction: `1763800000`, not `1763800000.0`.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? "\(value)"
    }

    /// Any text in one line; a quote ends nothing but in a label's value.
    private static func escaped(_ text: String, quote: Bool = false) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quote: result += "\\\""
            default:
                result += SafeText.isUnsafe(scalar) ? escaped(SafeText.hexadecimal(scalar)) : String(scalar)
            }
        }
    }
}
