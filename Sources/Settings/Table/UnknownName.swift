/// A name that is not a setting, and how far it may be repeated.
///
/// What stands in the place of a name may be a secret, where a blank, a colon or an equals sign is missing. So a name
/// is repeated only if it is nearly one of ours; of any other, people are told where it stands.
struct UnknownName {
    /// The name, if it may be repeated.
    let shown: String?
    /// The setting that may be meant.
    let meant: String?

    init(_ name: String, meant: String?) {
        self.meant = meant
        shown = meant.flatMap { Self.isTypingError(name, of: $0) ? name : nil }
    }

    /// Nearly the same letters and no others: nothing is hidden behind a name.
    private static func isTypingError(_ name: String, of meant: String) -> Bool {
        name.utf8.count <= meant.utf8.count + 2 && name.utf8.allSatisfy(isNameByte)
    }

    private var suggestion: String { meant.map { "; did you mean \($0)?" } ?? "" }

    /// What to say where an unknown name is a mistake; `parent` is the part of it that is known.
    func problem(at origin: SettingOrigin, below parent: String? = nil) -> SettingsError.Problem {
        guard let shown else { return .init(at: origin, key: parent, "holds a key that is not a setting\(suggestion)") }
        return .init(at: origin, key: shown, "is not a setting\(suggestion)")
    }

    /// What to say where it may be another program's.
    func warning(at origin: SettingOrigin) -> String {
        "\(printable(origin.description)): \(shown ?? "a name") is not read\(suggestion)"
    }
}

extension SettingTable {
    /// The part of a dotted key that is a key or a section of ours; nil if it does not begin with any.
    static func knownPart(of path: String) -> String? {
        var part = path[...]
        while !part.isEmpty {
            let name = String(part)
            if key(named: name) != nil || isSection(name) { return name }
            part = part[..<(part.lastIndex(of: ".") ?? part.startIndex)]
        }
        return nil
    }

    /// The variable that somebody may have meant: by a typing error, or by the word that other programs use.
    static func variable(meantBy name: String) -> String? {
        otherWords[name.uppercased()] ?? nearest(to: name, among: variables)
    }

    /// Whether a variable has one of the two prefixes.
    static func hasPrefixOfOurs(_ variable: String) -> Bool {
        variable.hasPrefix(redisPrefix) || variable.hasPrefix(ownPrefix)
    }

    /// Whether a variable looks as if it were for this program.
    static func looksLikeOurs(_ variable: String) -> Bool { variable.uppercased().contains("REDIS") }

    /// What other programs call the same things.
    private static let otherWords = [
        "REDIS_DB": "REDIS_DATABASE", "REDIS_DATABASE_NUMBER": "REDIS_DATABASE", "REDIS_DB_INDEX": "REDIS_DATABASE",
        "REDIS_USER": "REDIS_USERNAME", "REDIS_PASS": "REDIS_PASSWORD", "REDIS_AUTH": "REDIS_PASSWORD",
        "REDIS_SERVER": "REDIS_HOST", "REDIS_HOSTNAME": "REDIS_HOST", "REDIS_ADDRESS": "REDIS_HOST",
        "REDIS_ADDR": "REDIS_HOST", "REDIS_URI": "REDIS_URL", "REDIS_TLS_URL": "REDIS_URL",
        "REDIS_TLS": "REDIS_TLS_ENABLED", "REDIS_SSL": "REDIS_TLS_ENABLED", "REDIS_USE_TLS": "REDIS_TLS_ENABLED",
        "REDIS_USE_SSL": "REDIS_TLS_ENABLED", "REDIS_CLUSTER": "REDIS_CLUSTER_ENABLED",
        "REDIS_CLUSTER_MODE": "REDIS_CLUSTER_ENABLED", "REDIS_SENTINEL": "REDIS_SENTINELS",
        "REDIS_UNIX_SOCKET": "REDIS_SOCKET", "REDIS_CA_FILE": "REDIS_TLS_CA_FILE", "REDIS_CACERT": "REDIS_TLS_CA_FILE",
    ]
}

/// What names of settings and of variables are made of.
func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
}
