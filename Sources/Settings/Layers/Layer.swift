/// One source of settings: texts by file key, all of them checked.
struct Layer {
    /// What the layer is called; no two have one name.
    let name: String
    /// How far this source is trusted.
    var trust = Trust.host
    var values: [String: LayerValue] = [:]
}

/// A text, and where it stands.
struct LayerValue {
    let text: String
    /// The key or variable as it is written there.
    let name: String
    let origin: SettingOrigin
    /// How far the place is trusted in which it stands.
    var trust = Trust.host
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
        if let problem = key.problem(with: text, at: origin) {
            findings.refused.insert(key.name)
            return findings.add(.init(at: origin, key: name, problem))
        }
        if let other = values[key.name] {
            // Two names of one setting, as an alias and the variable itself.
            guard other.text != text else { return }
            return findings.add(.init(at: origin, key: name, "disagrees with \(other.name); keep one"))
        }
        values[key.name] = LayerValue(text: text, name: name, origin: origin, trust: trust)
    }
}

extension Layer {
    /// The options of the command line, by file key.
    static func commandLine(_ sources: SettingsSources, _ findings: inout Findings) -> Layer {
        var layer = Layer(name: "command line", trust: sources.caller.trust)
        for (name, text) in sources.overrides.sorted(by: { $0.key < $1.key }) {
            if let key = SettingTable.key(named: name) {
                layer.take(text, for: key, as: name, at: .commandLine, &findings)
            } else {
                let unknown = UnknownName(name, meant: nearest(to: name, among: SettingTable.names))
                findings.add(unknown.problem(at: .commandLine))
            }
        }
        return layer
    }

    /// The variables of the process; an empty one counts as not set, since templates leave such behind.
    ///
    /// An unknown one with our prefix is a mistake; any other may be another program's, and is mentioned only if it is
    /// nearly one of ours, or what others call the same thing.
    static func environment(_ sources: SettingsSources, _ findings: inout Findings) -> Layer {
        var layer = Layer(name: "environment", trust: sources.caller.trust)
        let variables = sources.environment.filter { !sources.ignoredVariables.contains($0.key) }
        for (name, text) in variables.sorted(by: { $0.key < $1.key }) {
            if let key = SettingTable.key(ofVariable: name) {
                guard !text.isEmpty else { continue }
                layer.take(text, for: key, as: name, at: .environment(variable: name), &findings)
            } else if name.hasPrefix(SettingTable.ownPrefix) {
                // Which of many variables it is can be told by its name alone.
                let isShown = name.utf8.count <= 48 && name.utf8.allSatisfy(isNameByte)
                let message = "is not a setting" + didYouMean(name, among: SettingTable.variables)
                findings.add(
                    .init(source: "environment", key: isShown ? name : "\(SettingTable.ownPrefix)…", message)
                )
            } else if SettingTable.looksLikeOurs(name), let meant = SettingTable.variable(meantBy: name),
                let shown = UnknownName(name, meant: meant).shown
            {
                findings.warn("environment: \(shown) is not read; did you mean \(meant)?")
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
}
