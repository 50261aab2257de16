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
        Issue.record("\(name) says:\n\(expected)\nand it is:\n\(text)", sourceLocation: location)
    }

    /// The names of all files.
    func names() throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    }
}
