/// One source of settings: texts by file key, all of them checked.
struct Layer {
    /// What the layer is called; no two have one name.
    let name: String
    var values: [String: LayerValue] = [:]
}

/// A text, and where it stands.
struct LayerValue {
    let text: String
    /// The key or variable as it is written there.
    let name: String
    let origin: SettingOrigin
}

extension Layer {
    /// Takes a text in if it is right, and reports it if not.
    mutating func take(
        _ text: String,
        for key: SettingKey,
        as name: String,
        at origin: SettingOrigin,
        _ findings: inout Findings
    ) {
        if text.isEmpty && key.emptyIsUnset { return }
        if let problem = key.problem(with: text) {
            findings.refused.insert(key.name)
            return findings.add(.init(at: origin, key: name, problem))
        }
        if let other = values[key.name] {
            // Two names of one setting, as an alias and the variable itself.
            guard other.text != text else { return }
            return findings.add(.init(at: origin, key: name, "disagrees with \(other.name); keep one"))
        }
        values[key.name] = LayerValue(text: text, name: name, origin: origin)
    }
}

extension Layer {
    /// The options of the command line, by file key.
    static func commandLine(_ overrides: [String: String], _ findings: inout Findings) -> Layer {
        var layer = Layer(name: "command line")
        for (name, text) in overrides.sorted(by: { $0.key < $1.key }) {
            if let key = SettingTable.key(named: name) {
                layer.take(text, for: key, as: name, at: .commandLine, &findings)
            } else {
                findings.add(.init(at: .commandLine, key: name, unknownKey(name)))
            }
        }
        return layer
    }

    /// The variables of the process. An unknown one with our prefix is a mistake; one with the prefix of Redis may be
    /// another program's, and is mentioned only if it is nearly one of ours.
    static func environment(_ variables: [String: String], ignoring: Set<String>, _ findings: inout Findings) -> Layer {
        var layer = Layer(name: "environment")
        for (name, text) in variables.sorted(by: { $0.key < $1.key }) where !ignoring.contains(name) {
            if let key = SettingTable.key(ofVariable: name) {
                layer.take(text, for: key, as: name, at: .environment(variable: name), &findings)
            } else if name.hasPrefix(SettingTable.ownPrefix) {
                findings.add(.init(source: "environment", key: name, unknownVariable(name)))
            } else if name.hasPrefix(SettingTable.redisPrefix),
                let meant = nearest(to: name, among: SettingTable.variables)
            {
                findings.warnings.append("environment: \(printable(name)) is not read; did you mean \(meant)?")
            }
        }
        return layer
    }

    /// The name of the lowest layer.
    static let fallbackName = "default"

    /// The defaults of the table.
    static var fallbacks: Layer {
        var layer = Layer(name: fallbackName)
        for key in SettingTable.keys {
            layer.values[key.name] = key.fallback.map { LayerValue(text: $0, name: key.name, origin: .fallback) }
        }
        return layer
    }

    static func unknownKey(_ name: String) -> String {
        "is not a setting" + didYouMean(name, among: SettingTable.names)
    }

    static func unknownVariable(_ name: String) -> String {
        "is not a setting" + didYouMean(name, among: SettingTable.variables)
    }
}
