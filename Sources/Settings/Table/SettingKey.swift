/// One row of the table of settings: a key, how it may be written, and where it goes.
public struct SettingKey: Sendable {
    /// The key in the configuration file, with dots between its levels: `redis.tls.enabled`.
    public let name: String
    /// The environment variable, which `.env` files use too: `REDIS_TLS_ENABLED`.
    public let variable: String
    /// Other variables that mean the same.
    public let aliases: [String]
    /// What may be written: "a whole number from 1 to 65535".
    public let form: String
    /// The value when nothing names one, as it would be written; nil for none.
    public let fallback: String?
    /// What it does, in one sentence.
    public let help: String
    /// Whether its text must never be shown.
    public let isSecret: Bool
    /// Whether the configuration file may give a list.
    public let isList: Bool
    /// Whether an empty text counts as if the key were not there, so that lower layers may name it.
    let emptyIsUnset: Bool
    /// Reads a text and puts the value in its place.
    let write: @Sendable (String, inout Settings) throws(ValueFault) -> Void

    init<Value>(
        _ name: String,
        _ place: WritableKeyPath<Settings, Value> & Sendable,
        _ parser: ValueParser<Value>,
        fallback: String? = nil,
        aliases: [String] = [],
        isSecret: Bool = false,
        isList: Bool = false,
        emptyIsUnset: Bool = false,
        help: String
    ) {
        self.init(name, parser, fallback, aliases, isSecret, isList, emptyIsUnset, help) {
            (value: Value, settings: inout Settings) in settings[keyPath: place] = value
        }
    }

    /// A key that stands for others and has no place of its own.
    init<Value>(expanded name: String, _ parser: ValueParser<Value>, isSecret: Bool, help: String) {
        self.init(name, parser, nil, [], isSecret, false, true, help) { (_: Value, _: inout Settings) in }
    }

    private init<Value>(
        _ name: String,
        _ parser: ValueParser<Value>,
        _ fallback: String?,
        _ aliases: [String],
        _ isSecret: Bool,
        _ isList: Bool,
        _ emptyIsUnset: Bool,
        _ help: String,
        _ put: @escaping @Sendable (Value, inout Settings) -> Void
    ) {
        self.name = name
        self.variable = Self.variable(for: name)
        self.aliases = aliases
        self.form = parser.form
        self.fallback = fallback
        self.help = help
        self.isSecret = isSecret
        self.isList = isList
        self.emptyIsUnset = emptyIsUnset
        self.write = { text, settings throws(ValueFault) in put(try parser.parse(text), &settings) }
    }

    /// The variable follows the key. Redis' and the deployment id's have no prefix of ours, since the applications
    /// that use the same Redis read the same variables.
    private static func variable(for name: String) -> String {
        if name == "schema.deployment-id" { return "DEPLOYMENT_ID" }
        let upper = String(name.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
        return name.hasPrefix("redis.") ? upper : SettingTable.ownPrefix + upper
    }

    /// What is wrong with a text for this key, in a sentence that shows the text only if it cannot be a secret that
    /// came to the wrong place.
    func problem(with text: String, at origin: SettingOrigin = .commandLine) -> String? {
        let shown = isSecret || !Self.isHarmless(text, at: origin) ? "the value" : "\"\(printable(text, limit: 60))\""
        guard text.utf8.count <= Self.longestText else {
            return "the value is longer than \(ByteText.format(Self.longestText))"
        }
        guard !hasControlCharacter(text) else {
            return "\(shown) has a control character, such as a line end; give \(form)"
        }
        do {
            var scratch = Settings()
            try write(text, &scratch)
            return nil
        } catch {
            return "\(shown) \(error)"
        }
    }

    /// Whether a text may be repeated: one of the command line, which everybody can read anyway, and a number.
    private static func isHarmless(_ text: String, at origin: SettingOrigin) -> Bool {
        if origin == .commandLine { return !text.contains("://") }
        let digits = text.drop { $0 == "-" || $0 == "+" }.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text[digits.endIndex...].drop { $0 == " " }
        return text.isEmpty
            || !digits.isEmpty && digits.count <= 20 && unit.count <= 3 && unit.allSatisfy { $0.isASCII && $0.isLetter }
    }

    /// Longer than any path, and than the tokens that some clouds use for passwords.
    static let longestText = 16_384
}
