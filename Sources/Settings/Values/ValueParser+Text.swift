extension ValueParser where Value == String {
    /// Any text.
    static func text(_ form: String) -> Self {
        Self(form) { text throws(ValueFault) in
            guard !text.isEmpty else { throw ValueFault("is empty") }
            return text
        }
    }

    /// The path of a file, absolute or from the working directory.
    static var path: Self {
        Self("the path of a file") { text throws(ValueFault) in
            guard !text.isEmpty else { throw ValueFault("is empty") }
            guard text.utf8.count < 4_096 else { throw ValueFault("is longer than a path can be") }
            return text
        }
    }

    /// The absolute path of a file: for what the daemon writes, whose working directory is nobody's choice.
    static var absolutePath: Self {
        Self("the absolute path of a file") { text throws(ValueFault) in
            guard try ValueParser.path.parse(text).hasPrefix("/") else { throw ValueFault("does not begin with /") }
            return text
        }
    }

    /// The absolute path of a Unix socket, which the kernel cuts at 107 bytes.
    static var socketPath: Self {
        Self("the absolute path of a Unix socket") { text throws(ValueFault) in
            guard try ValueParser.absolutePath.parse(text).utf8.count <= 107 else {
                throw ValueFault("is longer than the 107 bytes that a socket's path can have")
            }
            return text
        }
    }

    /// A prefix for keys. Braces would change the keys' slots, glob characters what a scan matches.
    static var deploymentID: Self {
        Self("a name without blanks, braces, * ? [ ] or \\, of at most 128 bytes") { text throws(ValueFault) in
            guard text.utf8.count <= 128 else { throw ValueFault("is too long") }
            guard !text.contains(where: { $0.isWhitespace || "{}*?[]\\".contains($0) }) else {
                throw ValueFault("has a character that it must not have")
            }
            return text
        }
    }
}

extension ValueParser where Value == Settings.Secret {
    /// A secret.
    static var secret: Self {
        Self("the secret itself") { text in Settings.Secret(text) }
    }
}
