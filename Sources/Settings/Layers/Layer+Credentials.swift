extension Layer {
    /// What the service manager handed over: the password, in a file that nobody else can reach.
    ///
    /// An empty credential is none: the password file that it was loaded from may be there before its content is.
    static func credentials(_ directory: String?, _ findings: inout Findings) -> Layer {
        var layer = Layer(name: "credentials")
        guard let directory, !directory.isEmpty, let key = SettingTable.key(named: "redis.password") else {
            return layer
        }
        let path = directory + "/redis-password"
        do {
            let secret = try SecretFile.read(path).secret
            guard !secret.isEmpty else { return layer }
            layer.take(secret, for: key, as: key.name, at: .credential(path: path), &findings)
        } catch let fault where fault.isMissing {
        } catch {
            findings.add(error)
        }
        return layer
    }
}
