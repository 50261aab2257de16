import RedisClient
import Settings

/// What to look at when Redis cannot be reached or does not let us in: where the address and the password came from.
public enum Hint {
    /// The way out of an error, by the settings that led to it; nil where the error names it itself.
    public static func text(for error: any Error, settings: LoadedSettings?) -> String? {
        guard let error = error as? RedisError, let settings else { return nil }
        if [.untrusted, .notYetValid, .encryption].contains(error.code) { return trust(settings) }
        if error.isConnectivity || error.code == .protocolViolation || error.code == .unexpectedReply {
            return "Is Redis running there? The address is \(address(settings))."
        }
        switch error.serverCode {
        case "NOAUTH", "WRONGPASS": return "The password is \(password(settings))."
        case "NOPERM": return "What the user needs stands in deploy/migrateredis.acl."
        default: return nil
        }
    }

    /// What to say when a server lets everybody in although there is a password for it.
    public static func surplusPassword(_ settings: LoadedSettings) -> String {
        "The server asks for no password, so it does not check who is who; the one \(password(settings)) was not "
            + "needed. Is it the right server? Its address is \(address(settings))."
    }

    private static func address(_ settings: LoadedSettings) -> String {
        guard settings.settings.redis.sentinels.isEmpty else {
            return "what the sentinels say, and they are from \(origin("redis.sentinels", settings))"
        }
        let key = settings.settings.redis.socket == nil ? "redis.host" : "redis.socket"
        var text = "from \(origin(key, settings))"
        if key == "redis.host", origin("redis.port", settings) != origin(key, settings) {
            text += ", the port from \(origin("redis.port", settings))"
        }
        return text
    }

    private static func trust(_ settings: LoadedSettings) -> String {
        let tls = settings.settings.redis.tls
        guard tls.enabled else { return "The address is \(address(settings)); redis.tls.enabled is false." }
        let authorities = tls.caFile == nil ? "the system's" : "from \(origin("redis.tls.ca-file", settings))"
        let name = tls.serverName == nil ? "the host" : "from \(origin("redis.tls.server-name", settings))"
        return "The address is \(address(settings)). The CAs are \(authorities), the name to expect is \(name)."
    }

    private static func password(_ settings: LoadedSettings) -> String {
        guard settings.settings.redis.password != nil else {
            return "not set: name a file in REDIS_PASSWORD_FILE, or set REDIS_PASSWORD"
        }
        let user = settings.settings.redis.username.map { "the user \($0), whose name is from " } ?? ""
        let userOrigin = user.isEmpty ? "" : origin("redis.username", settings)
        let passwordOrigin = origin("redis.password", settings)
        return user.isEmpty ? "from \(passwordOrigin)" : "from \(passwordOrigin), for \(user)\(userOrigin)"
    }

    private static func origin(_ key: String, _ settings: LoadedSettings) -> String {
        switch settings.origin(of: key) {
        case .fallback?, nil: return "the default"
        case .commandLine?: return "the command line"
        case .environment(let variable)?: return variable
        case let origin?: return "\(origin)"
        }
    }
}
