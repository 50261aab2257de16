extension SettingTable {
    /// The table as Markdown, for the documentation; it ends with a line end.
    public static func markdown() -> String {
        var lines = ["| key | variable | value | default | what it does |", "|---|---|---|---|---|"]
        for key in keys {
            let variables = ([key.variable] + key.aliases).map(code).joined(separator: ", ")
            let fallback = key.fallback.map { $0.isEmpty ? "empty" : code($0) } ?? "none"
            lines.append(
                "| \(code(key.name)) | \(variables) | \(escaped(key.form)) | \(fallback) | \(escaped(key.help)) |"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func code(_ text: String) -> String { "`\(text)`" }

    /// What Markdown would take for the end of a cell or for emphasis.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if "|*[]\\<>".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
