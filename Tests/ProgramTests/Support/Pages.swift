import Foundation

/// The texts of the clone that the tests were compiled from.
enum Pages {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let articles = "Sources/MigrationKit/MigrationKit.docc"

    static func path(_ name: String) -> String { root.appendingPathComponent(name).path }

    static func text(_ name: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
    }

    static func article(_ name: String) throws -> String { try text("\(articles)/\(name).md") }

    /// Every page in Markdown, by its path below the root.
    static func markdown() throws -> [String] {
        let manager = FileManager.default
        let top = try manager.contentsOfDirectory(atPath: root.path)
        let inside = try manager.contentsOfDirectory(atPath: path(articles)).map { "\(articles)/\($0)" }
        return (top + inside).filter { $0.hasSuffix(".md") }.sorted()
    }

    /// The lines of a page outside of code.
    static func prose(_ text: String) -> [String] {
        var isCode = false
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).filter { line in
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isCode.toggle()
                return false
            }
            return !isCode
        }
    }

    /// The headings of a page, as Git hosts name them in addresses: without punctuation, blanks as dashes.
    static func anchors(_ text: String) -> [String] {
        prose(text).filter { $0.hasPrefix("#") }.map { line in
            let title = line.drop { $0 == "#" }.dropFirst().lowercased()
            return String(title.filter { $0.isLetter || $0.isNumber || " -_".contains($0) }).replacing(" ", with: "-")
        }
    }

    /// What the links of a page lead to.
    static func links(_ text: String) -> [String] {
        prose(text).flatMap { line in
            line.matches(of: #/\[[^\]]*\]\(([^)\s]+)\)/#).map { String($0.output.1) }
        }
    }

    /// What is wrong with a link in a page: its target, or the heading in it, is not there.
    static func fault(of link: String, in page: String) throws -> String? {
        if link.contains("://") { return nil }
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let base = URL(fileURLWithPath: page, relativeTo: root).deletingLastPathComponent()
        let target = parts[0].isEmpty ? path(page) : base.appendingPathComponent(parts[0]).standardizedFileURL.path
        guard FileManager.default.fileExists(atPath: target) else { return "\(page): \(link): no such file" }
        guard parts.count > 1 else { return nil }
        let anchors = anchors(try String(contentsOfFile: target, encoding: .utf8))
        return anchors.contains(parts[1]) ? nil : "\(page): \(link): no such heading"
    }
}
