import Configuration
import Synchronization

/// The layers in order of precedence, the highest first, and the choice between them.
struct LayerStack {
    private(set) var layers: [Layer]

    init(_ layers: [Layer]) {
        self.layers = layers
    }

    /// For each key the value of the highest layer that names it.
    func winners() -> [String: LayerValue] {
        let trace = AccessTrace()
        let reader = ConfigReader(providers: layers.map(Self.provider), accessReporter: trace)
        var winners: [String: LayerValue] = [:]
        for key in SettingTable.keys {
            // The reader reports which provider had it; its own typed reads would take garbage for "not there".
            guard reader.string(forKey: ConfigKey(key.name), isSecret: key.isSecret) != nil,
                let index = trace.lastProvider
            else { continue }
            winners[key.name] = layers[index].values[key.name]
        }
        return winners
    }

    /// The keys that more than one layer names, beside the defaults: there the highest changes what a lower one says.
    var overridden: Set<String> {
        let named = layers.filter { $0.name != Layer.fallbackName }.flatMap(\.values.keys)
        return Set(Dictionary(grouping: named) { $0 }.filter { $0.value.count > 1 }.keys)
    }

    private static func provider(_ layer: Layer) -> InMemoryProvider {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (name, value) in layer.values {
            let isSecret = SettingTable.key(named: name)?.isSecret ?? true
            values[AbsoluteConfigKey(ConfigKey(name))] = ConfigValue(.string(value.text), isSecret: isSecret)
        }
        return InMemoryProvider(name: layer.name, values: values)
    }
}

/// Remembers which provider answered last.
private final class AccessTrace: AccessReporter {
    private let last = Mutex<Int?>(nil)

    var lastProvider: Int? { last.withLock { $0 } }

    func report(_ event: AccessEvent) {
        let index = event.providerResults.firstIndex { (try? $0.result.get().value) != nil }
        last.withLock { $0 = index }
    }
}

extension LayerStack {
    /// Makes the layers name one server and one password: of several keys for one thing the highest layer that names
    /// any wins whole, so that no part of a lower layer's address is mixed into it.
    mutating func settleAlternatives(_ findings: inout Findings) {
        settle(["redis.url", "redis.socket", "redis.host", "redis.sentinels"], "the server", &findings)
        expandURL(&findings)
        for index in layers.indices where layers[index].values["redis.password"]?.text.isEmpty == true {
            // An empty password beside a file, as templates have it, is a blank to be filled by the file.
            if layers[index].values["redis.password-file"] != nil { layers[index].values["redis.password"] = nil }
        }
        settle(["redis.password", "redis.password-file"], "the password", &findings)
    }

    private mutating func settle(_ names: [String], _ what: String, _ findings: inout Findings) {
        var isNamed = false
        for index in layers.indices where layers[index].name != Layer.fallbackName {
            var first: LayerValue?
            for name in names {
                guard let value = layers[index].values[name] else { continue }
                if isNamed || first != nil { layers[index].values[name] = nil }
                if let first {
                    findings.add(
                        .init(at: value.origin, key: value.name, "names \(what), and so does \(first.name); keep one")
                    )
                } else if !isNamed {
                    first = value
                }
            }
            isNamed = isNamed || first != nil
        }
    }

    /// Puts the parts of the URL beside it, in its own layer, as if they had been written there. They fill an
    /// empty text, as templates have it.
    private mutating func expandURL(_ findings: inout Findings) {
        for index in layers.indices {
            guard let value = layers[index].values["redis.url"], let url = try? RedisURL(value.text) else { continue }
            for (name, text) in url.settings {
                if let other = layers[index].values[name], !other.text.isEmpty, !Self.agree(name, other.text, text) {
                    findings.refused.insert(name)
                    findings.add(
                        .init(at: other.origin, key: other.name, "disagrees with \(value.name); keep one")
                    )
                    continue
                }
                layers[index].values[name] = LayerValue(
                    text: text,
                    name: value.name,
                    origin: value.origin,
                    trust: value.trust
                )
            }
        }
    }

    /// Whether two texts mean the same for a key, as `yes` and `true` do.
    private static func agree(_ name: String, _ left: String, _ right: String) -> Bool {
        guard let key = SettingTable.key(named: name) else { return false }
        var (first, second) = (Settings(), Settings())
        do {
            try key.write(left, &first)
            try key.write(right, &second)
        } catch {
            return false
        }
        return first == second
    }
}

extension RedisURL {
    /// The keys that the URL stands for. `redis://` does not turn encryption off: what a lower layer asks for there
    /// stays, since a wrong guess would send the password in the clear.
    var settings: [(name: String, text: String)] {
        var settings: [(String, String)] = []
        switch place {
        case .server(let endpoint):
            settings.append(("redis.host", endpoint.host))
            settings.append(("redis.port", String(endpoint.port)))
        case .socket(let path):
            settings.append(("redis.socket", path))
        }
        if encrypted { settings.append(("redis.tls.enabled", "true")) }
        if let username { settings.append(("redis.username", username)) }
        if let password { settings.append(("redis.password", password)) }
        if let database { settings.append(("redis.database", String(database))) }
        return settings
    }
}
