import Foundation
import Testing

/// Files of what programs write, compared byte for byte.
///
/// `MIGRATEREDIS_GOLDEN=rewrite swift test --filter Golden` writes them anew: read the difference before you commit it.
struct Golden {
    private let folder: URL

    /// The files of a folder in `Golden`, beside the test that asks.
    init(_ name: String, beside file: String = #filePath) {
        folder = URL(filePath: file).deletingLastPathComponent().appending(path: "Golden").appending(path: name)
    }

    private static let rewrites = ProcessInfo.processInfo.environment["MIGRATEREDIS_GOLDEN"] == "rewrite"

    /// Records an issue where a text is not that of its file.
    func compare(_ text: String, with name: String, at location: SourceLocation = #_sourceLocation) throws {
        let file = folder.appending(path: name)
        if Self.rewrites {
            try Data(text.utf8).write(to: file)
            return
        }
        guard let data = try? Data(contentsOf: file) else {
            Issue.record("\(name) is missing; the text is:\n\(text)", sourceLocation: location)
            return
        }
        let expected = String(decoding: data, as: UTF8.self)
        guard expected != text else { return }
        let (old, new) = (expected.split(separator: "\n"), text.split(separator: "\n"))
        let lines = new.difference(from: old).sorted { Self.offset($0) < Self.offset($1) }.map { change in
            switch change {
            case .remove(let offset, let line, _): return "\(offset + 1) says: \(line)"
            case .insert(let offset, let line, _): return "\(offset + 1) is:   \(line)"
            }
        }
        Issue.record(
            "\(name), by lines that are not empty:\n\(lines.joined(separator: "\n"))",
            sourceLocation: location
        )
    }

    private static func offset(_ change: CollectionDifference<Substring>.Change) -> Int {
        switch change {
        case .remove(let offset, _, _), .insert(let offset, _, _): return offset
        }
    }

    /// The names of all files.
    func names() throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    }
}
