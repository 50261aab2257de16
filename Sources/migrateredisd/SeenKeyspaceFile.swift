import FoundationEssentials
import Reconciler

/// A file in the unit's `StateDirectory=` that holds what was seen of each keyspace, by its address.
struct SeenKeyspaceFile: SeenKeyspaceStore {
    /// Where the file is.
    let path: String
    /// Which keyspace: address, database and deployment.
    let keyspace: String
    /// Told why the file could not be written: without it a restart forgets what would tell of lost data.
    private let warns: @Sendable (String) -> Void

    /// No file of ours is longer.
    private static let mostBytes = 1 << 20
    /// Those of as many addresses are kept: a configuration may have named others before.
    private static let most = 100

    private struct Document: Codable {
        var format = 1
        var keyspaces: [String: SeenKeyspace] = [:]
    }

    /// The file of this service; nil where the service manager gives it no directory.
    init?(environment: [String: String], keyspace: String, warns: @escaping @Sendable (String) -> Void) {
        // There may be several, by a colon; the first is that of the unit.
        guard let directory = environment["STATE_DIRECTORY"]?.split(separator: ":").first else { return nil }
        path = directory + "/seen.json"
        self.keyspace = keyspace
        self.warns = warns
    }

    func load() -> SeenKeyspace? { read().keyspaces[keyspace] }

    func save(_ seen: SeenKeyspace) {
        var document = read()
        document.keyspaces[keyspace] = seen
        while document.keyspaces.count > Self.most, let other = document.keyspaces.keys.first(where: { $0 != keyspace })
        {
            document.keyspaces[other] = nil
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            try encoder.encode(document).write(to: URL(filePath: path), options: .atomic)
        } catch {
            warns(
                "\(path) cannot be written, so a restart forgets what the daemon has seen, and data that are lost meanwhile are not noticed: \(error)"
            )
        }
    }

    private func read() -> Document {
        guard let data = try? Data(contentsOf: URL(filePath: path)), data.count <= Self.mostBytes,
            let document = try? JSONDecoder().decode(Document.self, from: data), document.format == 1
        else { return Document() }
        return document
    }
}
