/// A file that holds one secret and nothing else.
enum SecretFile {
    /// What was found: a secret, or nothing in an empty file.
    struct Content {
        let secret: String
        let isReadableByOthers: Bool
    }

    /// Reads the secret, without the one line end that editors and `echo` put after it.
    static func read(_ path: String) throws(FileFault) -> Content {
        let file = try BoundedFile.read(path, limit: SettingKey.longestText)
        guard var text = file.text else { throw FileFault(path: path, reason: "is not UTF-8 text") }
        if text.last == "\n" || text.last == "\r\n" { text.removeLast() }
        guard !hasControlCharacter(text) else {
            throw FileFault(path: path, reason: "holds more than one line of text")
        }
        return Content(secret: text, isReadableByOthers: file.isReadableByOthers)
    }

    /// What to say about a file that too many can read.
    static func warning(_ path: String) -> String {
        "\(printable(path)): others can read this secret; run chmod 600 on it"
    }
}
