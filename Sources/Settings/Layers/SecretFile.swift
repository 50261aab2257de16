import Glibc

/// A file that holds one secret and nothing else.
enum SecretFile {
    /// What was found: a secret, or nothing in an empty file.
    struct Content {
        let secret: String
        let isReadableByOthers: Bool
        let owner: UInt32
    }

    /// Reads the secret, without the one line end that editors and `echo` put after it.
    static func read(_ path: String) throws(FileFault) -> Content {
        let file = try BoundedFile.read(path, limit: SettingKey.longestText)
        guard var text = file.text else { throw FileFault(path: path, reason: "is not UTF-8 text") }
        if text.last == "\n" || text.last == "\r\n" { text.removeLast() }
        guard !hasControlCharacter(text) else {
            throw FileFault(path: path, reason: "holds more than one line of text")
        }
        return Content(secret: text, isReadableByOthers: file.isReadableByOthers, owner: file.owner)
    }

    /// Whether a file that is there can be read by others than its owner and the group root.
    static func isReadableByOthers(_ path: String) -> Bool {
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return false }
        return BoundedFile(bytes: [], owner: facts.st_uid, group: facts.st_gid, mode: facts.st_mode & 0o7777)
            .isReadableByOthers
    }

    /// What to say about a file that too many can read.
    static func warning(_ path: String) -> String {
        "\(printable(path)): others can read this secret; run chmod 600 on it"
    }
}
