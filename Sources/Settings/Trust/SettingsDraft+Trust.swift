extension SettingsDraft {
    /// Refuses to send a secret to a server that is named in a place which is trusted less than the secret's.
    func checkTrust(_ findings: inout Findings) {
        let sentinels = sentinelParts
        for name in ["redis.username", "redis.password", "redis.tls.key-passphrase-file"] {
            refuse(name, to: serverParts, &findings)
        }
        for name in ["redis.sentinel-username", "redis.sentinel-password-file"] where !sentinels.isEmpty {
            refuse(name, to: sentinels + tlsParts, &findings)
        }
    }

    /// The place that has a say in where the standard password file's secret would go, and must not have it.
    var objectionToStandardPassword: LayerValue? { Self.objection(to: .host, in: serverParts) }

    /// What decides to whom the program speaks.
    private var serverParts: [LayerValue] {
        if !sentinelParts.isEmpty { return sentinelParts + peerParts + tlsParts }
        if settings.redis.socket != nil { return parts(["redis.socket"]) + peerParts }
        return parts(["redis.host", "redis.port"]) + peerParts + tlsParts
    }

    /// What widens to whom the server may send the program on.
    private var peerParts: [LayerValue] { settings.redis.clusterHosts.isEmpty ? [] : parts(["redis.cluster-hosts"]) }

    private var sentinelParts: [LayerValue] {
        settings.redis.sentinels.isEmpty ? [] : parts(["redis.sentinels", "redis.sentinel-master"])
    }

    /// What weakens the proof of who the server is: encryption or proof taken away, authorities or a name chosen.
    private var tlsParts: [LayerValue] {
        let tls = settings.redis.tls
        var names: [String] = []
        if !tls.enabled, overridden.contains("redis.tls.enabled") { names.append("redis.tls.enabled") }
        if tls.enabled, !tls.verify { names.append("redis.tls.verify") }
        if tls.enabled, tls.caFile != nil { names.append("redis.tls.ca-file") }
        if tls.enabled, tls.serverName != nil { names.append("redis.tls.server-name") }
        return parts(names)
    }

    private func parts(_ names: [String]) -> [LayerValue] { names.compactMap { winners[$0] } }

    private func refuse(_ name: String, to places: [LayerValue], _ findings: inout Findings) {
        guard let secret = winners[name], !secret.text.isEmpty,
            let place = Self.objection(to: secret.trust, in: places)
        else { return }
        let way =
            place.trust == .found
            ? "nobody named that file: name it with --env-file, or set both in one place"
            : "set \(SettingTable.key(named: name)?.variable ?? name)"
                + (name == "redis.password" ? " or REDIS_PASSWORD_FILE" : "")
                + " where the server is named, or name the server in the configuration file"
        findings.add(
            .init(at: secret.origin, key: secret.name, "is not sent to the server of \(Self.words(place)); \(way)")
        )
    }

    private static func objection(to secret: Trust, in places: [LayerValue]) -> LayerValue? {
        places.first { !secret.mayGo(toServerNamedBy: [$0.trust]) }
    }

    /// A place, for the end of a sentence.
    static func words(_ place: LayerValue) -> String {
        switch place.origin {
        case .commandLine: "the command line (\(place.name))"
        case .environment(let variable): "the environment (\(variable))"
        default: "\(printable(place.origin.description)) (\(place.name))"
        }
    }
}
