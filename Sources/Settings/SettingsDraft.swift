/// Settings while they are put together: one value for each key, not yet proven to go together.
struct SettingsDraft {
    var settings = Settings()
    private(set) var winners: [String: LayerValue]
    /// The keys of which a lower source is overridden.
    let overridden: Set<String>

    private let caller: SettingsSources.Caller

    init(_ stack: LayerStack, caller: SettingsSources.Caller, _ findings: inout Findings) {
        winners = stack.winners()
        overridden = stack.overridden
        self.caller = caller
        for key in SettingTable.keys {
            guard let value = winners[key.name] else { continue }
            do {
                try key.write(value.text, &settings)
            } catch {
                // The texts were checked one by one; this one came out of a URL.
                findings.add(.init(at: value.origin, key: value.name, "names a \(key.name) that \(error)"))
            }
        }
    }

    /// Every key with its text and where it stands.
    var values: [SettingValue] {
        SettingTable.keys.map { key in
            guard let value = winners[key.name] else { return SettingValue(key: key.name, text: "", origin: .fallback) }
            let shown = key.isSecret && !value.text.isEmpty ? Settings.Secret.redacted : printable(value.text)
            return SettingValue(key: key.name, text: shown, origin: value.origin)
        }
    }

    /// Reads the files that hold secrets.
    mutating func readSecretFiles(defaultPasswordFile: String?, _ findings: inout Findings) {
        // Only looked at: whoever needs the pass phrase reads it then, and does not keep it.
        _ = secret(named: "redis.tls.key-passphrase-file", &findings)
        settings.redis.sentinelPassword = secret(named: "redis.sentinel-password-file", &findings)
        if let password = secret(named: "redis.password-file", &findings) {
            settings.redis.password = password
            notePassword(in: settings.redis.passwordFile, trust: winners["redis.password-file"]?.trust ?? .host)
        } else if winners["redis.password"] == nil, winners["redis.password-file"] == nil, let defaultPasswordFile {
            settings.redis.password = defaultPassword(defaultPasswordFile, &findings)
        }
    }

    private mutating func secret(named name: String, _ findings: inout Findings) -> Settings.Secret? {
        guard let value = winners[name], !value.text.isEmpty else { return nil }
        do throws(FileFault) {
            let content = try SecretFile.read(value.text)
            guard !content.secret.isEmpty else { throw FileFault(path: value.text, reason: "is empty") }
            if content.isReadableByOthers { findings.warnings.append(SecretFile.warning(value.text)) }
            winners[name]?.trust = caller.trust(ofFileNamedBy: value.trust, ownedBy: content.owner)
            return Settings.Secret(content.secret)
        } catch {
            let place = value.origin.line.map { "\(value.origin.source):\($0)" } ?? value.origin.source
            findings.add(error, key: value.name, from: place, showsPath: value.text.hasPrefix("/"))
            return nil
        }
    }

    private mutating func defaultPassword(_ path: String, _ findings: inout Findings) -> Settings.Secret? {
        do throws(FileFault) {
            let content = try SecretFile.read(path)
            guard !content.secret.isEmpty else { return nil }
            if let place = objectionToStandardPassword {
                findings.warnings.append(
                    "\(printable(path)): not used for the server of \(Self.words(place)); if it is that server's, name it in "
                        + "REDIS_PASSWORD_FILE, or name the server in the configuration file"
                )
                return nil
            }
            if content.isReadableByOthers { findings.warnings.append(SecretFile.warning(path)) }
            notePassword(in: path, trust: .host)
            return Settings.Secret(content.secret)
        } catch let fault where fault.isMissing {
            return nil
        } catch let fault where fault.isForbidden {
            findings.warnings.append("\(printable(path)): this user cannot read the password file; root can")
            return nil
        } catch {
            findings.add(error)
            return nil
        }
    }

    private mutating func notePassword(in path: String?, trust: Trust) {
        guard let path else { return }
        let value = LayerValue(
            text: Settings.Secret.redacted,
            name: "redis.password",
            origin: .secretFile(path: path),
            trust: trust
        )
        winners["redis.password"] = value
    }
}
