extension SettingsDraft {
    /// Checks what no single key can know: whether the values go together.
    mutating func check(_ findings: inout Findings) {
        checkLock(&findings)
        dropUnusedSentinelKeys()
        checkTopology(&findings)
        checkTLS(&findings)
        if let path = settings.metrics.textfile, !path.hasSuffix(".prom") {
            findings.warnings.append("metrics.textfile: node_exporter reads only files whose names end in .prom")
        }
    }

    /// Checks that keys are named which the caller cannot do without.
    ///
    /// Not where the file could not be understood: what it names is then not known.
    func require(_ required: KeyValuePairs<String, String>, in path: String, _ findings: inout Findings) {
        guard !findings.problems.contains(where: { $0.source == printable(path) && $0.key == nil }) else { return }
        for (name, advice) in required where winners[name] == nil && !findings.refused.contains(name) {
            findings.add(.init(source: path, key: name, "is not set; \(advice)"))
        }
    }

    /// A holder must have time for three renewals before others may take over, and others must see it before the key
    /// itself expires.
    private func checkLock(_ findings: inout Findings) {
        let lock = settings.lock
        let names = ["lock.renew-interval", "lock.stale-after", "lock.ttl"]
        guard findings.refused.isDisjoint(with: names) else { return }
        guard lock.renewInterval * 3 >= lock.staleAfter || lock.staleAfter >= lock.ttl else { return }
        let parts = names.compactMap { name in winners[name].map { "\(name) is \($0.text) (\($0.origin))" } }
        findings.add(
            .init(
                source: "configuration",
                key: names.joined(separator: ", "),
                "three times the first must be less than the second, and the second less than the third; "
                    + parts.joined(separator: ", ")
            )
        )
    }

    /// With the server named in another way, what is left of the sentinels has nothing to act upon.
    private mutating func dropUnusedSentinelKeys() {
        let isServerNamed = isNamed("redis.host") || isNamed("redis.socket") || isNamed("redis.url")
        guard settings.redis.sentinels.isEmpty, isServerNamed else { return }
        settings.redis.sentinelMaster = nil
        settings.redis.sentinelUsername = nil
        settings.redis.sentinelPasswordFile = nil
        settings.redis.sentinelPassword = nil
    }

    private func checkTopology(_ findings: inout Findings) {
        let redis = settings.redis
        guard findings.refused.allSatisfy({ !$0.hasPrefix("redis.") }) else { return }
        if redis.sentinels.isEmpty, redis.sentinelMaster != nil {
            report("redis.sentinel-master", "needs redis.sentinels, the list of those to ask", &findings)
        }
        if !redis.sentinels.isEmpty, redis.sentinelMaster == nil {
            report("redis.sentinels", "needs redis.sentinel-master, the name of the master", &findings)
        }
        guard redis.clusterEnabled else { return }
        if !redis.sentinels.isEmpty {
            report("redis.sentinels", "does not go with redis.cluster.enabled; keep one", &findings)
        }
        if redis.socket != nil {
            report("redis.socket", "does not go with redis.cluster.enabled; give redis.host", &findings)
        }
        if redis.database != 0 {
            findings.warnings.append("redis.database: ignored, since a cluster has only database 0")
        }
    }

    private mutating func checkTLS(_ findings: inout Findings) {
        let tls = settings.redis.tls
        guard findings.refused.allSatisfy({ !$0.hasPrefix("redis.") }) else { return }
        if (tls.certFile == nil) != (tls.keyFile == nil) {
            let (given, missing) = tls.certFile == nil ? ("key", "cert") : ("cert", "key")
            report("redis.tls.\(given)-file", "needs redis.tls.\(missing)-file, which goes with it", &findings)
        }
        if !tls.enabled, let url = winners["redis.url"], (try? RedisURL(url.text))?.encrypted == true {
            report("redis.tls.enabled", "is false, but \(url.name) begins with rediss://; change one", &findings)
        }
        if tls.enabled, settings.redis.socket != nil {
            settings.redis.tls.enabled = false
            findings.warnings.append("redis.tls.enabled: ignored, since redis.socket does not leave this host")
        } else if tls.enabled, !tls.verify {
            findings.warnings.append("redis.tls.verify: false, so anybody in between can read and change everything")
        }
        if tls.enabled, settings.redis.socket == nil, let path = tls.keyFile, SecretFile.isReadableByOthers(path) {
            findings.warnings.append("\(printable(path)): others can read this private key; run chmod 600 on it")
        }
        let names = SettingTable.keys.map(\.name).filter { $0.hasPrefix("redis.tls.") && $0.hasSuffix("-file") }
        if !tls.enabled, settings.redis.socket == nil, let name = names.first(where: isNamed) {
            findings.warnings.append("\(name): without effect, since redis.tls.enabled is false")
        }
    }

    private func isNamed(_ name: String) -> Bool {
        guard let value = winners[name] else { return false }
        return value.origin != .fallback && !value.text.isEmpty
    }

    private func report(_ name: String, _ message: String, _ findings: inout Findings) {
        guard let value = winners[name] else {
            return findings.add(.init(source: "configuration", key: name, message))
        }
        findings.add(.init(at: value.origin, key: value.name, message))
    }
}
