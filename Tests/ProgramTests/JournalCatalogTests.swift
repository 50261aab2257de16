import Foundation
import MigrationKit
import TestSupport
import Testing

@Suite("The journal's catalog")
struct JournalCatalogTests {
    @Test("explains every kind of event, in a form that journalctl takes")
    func catalog() async throws {
        let result = try await ProcessRunner.run(try ProductPath.find("migrateredis"), ["journal-catalog"])
        #expect(result.exitStatus == 0, "\(result)")
        let text = result.standardOutput
        for kind in Event.Kind.allCases {
            #expect(text.contains("-- \(kind.messageID)\nSubject: \(kind.explanation.subject)\n"), "\(kind)")
        }

        // journalctl reads the catalogs of a root directory, and writes its database there.
        let root = try TemporaryDirectory()
        let folder = root.file("usr/lib/systemd/catalog")
        for directory in [folder, root.file("var/lib/systemd/catalog")] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        try root.write(text, to: "usr/lib/systemd/catalog/migrateredis.catalog")
        let update = try await ProcessRunner.run("/usr/bin/journalctl", ["--root", root.path, "--update-catalog"])
        #expect(update.exitStatus == 0 && update.standardError.isEmpty, "\(update)")
        let list = try await ProcessRunner.run("/usr/bin/journalctl", ["--root", root.path, "--list-catalog"])
        let ids = list.standardOutput.split(separator: "\n").map { String($0.prefix(32)) }
        #expect(Set(ids) == Set(Event.Kind.allCases.map(\.messageID)), "\(list)")
    }
}
