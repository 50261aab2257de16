/// The table of all settings: reading, errors and documentation come from it.
public enum SettingTable {
    /// The rows, in the order in which they are documented.
    public static let keys: [SettingKey] =
        schemaKeys + redisKeys + tlsKeys + topologyKeys + phaseKeys + lockKeys + limitKeys

    /// What the variables begin with that are read by this program only.
    static let ownPrefix = "MIGRATEREDIS_"
    /// What the variables begin with that are shared with the applications.
    static let redisPrefix = "REDIS_"

    /// The row of a file key.
    public static func key(named name: String) -> SettingKey? { byName[name] }

    /// The row of a variable or of an alias.
    public static func key(ofVariable variable: String) -> SettingKey? { byVariable[variable] }

    /// Whether keys stand below this name: `redis`, `redis.tls`.
    static func isSection(_ name: String) -> Bool { sections.contains(name) }

    /// The file keys.
    static let names = keys.map(\.name)
    /// The variables and their aliases.
    static let variables = keys.flatMap { [$0.variable] + $0.aliases }

    private static let byName = Dictionary(keys.map { ($0.name, $0) }) { first, _ in first }
    private static let byVariable = Dictionary(
        keys.flatMap { key in ([key.variable] + key.aliases).map { ($0, key) } }
    ) { first, _ in first }
    private static let sections = Set(
        keys.flatMap { key in key.name.indices.filter { key.name[$0] == "." }.map { String(key.name[..<$0]) } }
    )
}
