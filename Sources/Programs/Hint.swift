import RedisClient
import Settings

/// What to look at when Redis cannot be reached or does not let us in: where the address and the password came from.
public enum Hint {
    /// The way out of an error, by the settings of the connection that failed; nil where the error names it itself.
    public static func text(for error: any Error, settings: LoadedSettings?) -> String? {
        guard let error = error as? RedisError, let settings else { return nil }
        let role = error.place?.role ?? .configured
        if [.untrusted, .notYetValid, .encryption].contains(error.code) { return trust(settings, role) }
        if error.isConnectivity || error.code == .protocolViolation || error.code == .unexpectedReply {
            return reach(settings, role)
        }
        switch error.serverCode {
        case "OOM":
            return
                "Redis is out of memory: raise maxmemory or free some. Until then `migrateredis pause` still stops daemons, and "
                + "`resume`, `unpin`, `revoke` and `unlock` work."
        case "NOAUTH", "WRONGPASS": return password(settings, role)
        case "NOPERM" where error.loginFault == nil: return "What the user needs stands in deploy/migrateredis.acl."
        default: break
        }
        switch error.loginFault {
        case .passwordNotWanted: return password(settings, role)
        case .databaseUnknown: return "The number of the database is from \(origin("redis.database", settings))."
        case .protectedMode, .masterLost, .commandUnknown: return "The address is \(address(settings, role))."
        default: return nil
        }
    }

    /// What to look at when there is no connection: a name that the cluster announced is not mended by REDIS_HOST.
    private static func reach(_ settings: LoadedSettings, _ role: ConnectionPlace.Role) -> String {
        switch role {
        case .configured: return "Is Redis running there? The address is \(address(settings, role))."
        case .sentinel: return "Is a sentinel running there? The addresses are \(address(settings, role))."
        case .namedBySentinels:
            return
                "The address is \(address(settings, role)). It must lead from this host to the server: see replica-announce-ip "
                + "and, for names, the sentinels' resolve-hostnames and announce-hostnames."
        case .namedByCluster:
            return "The address is \(address(settings, role)). It must lead from this host to the node: see "
                + "cluster-announce-ip, cluster-announce-hostname and cluster-preferred-endpoint-type."
        }
    }

    /// What to say when a server lets everybody in although there is a password for it.
    public static func surplusPassword(_ settings: LoadedSettings) -> String {
        "The server asks for no password, so it does not check who is who; the one \(serverPassword(settings)) was not "
            + "needed. Is it the right server? Its address is \(address(settings, .configured))."
    }

    private static func address(_ settings: LoadedSettings, _ role: ConnectionPlace.Role) -> String {
        switch role {
        case .sentinel: return "from \(origin("redis.sentinels", settings))"
        case .namedByCluster:
            return "what the cluster says of itself; its first node is \(address(settings, .configured))"
        case .configured, .namedBySentinels: break
        }
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

    private static func trust(_ settings: LoadedSettings, _ role: ConnectionPlace.Role) -> String {
        let tls = settings.settings.redis.tls
        guard tls.enabled else { return "The address is \(address(settings, role)); redis.tls.enabled is false." }
        let authorities = tls.caFile == nil ? "the system's" : "from \(origin("redis.tls.ca-file", settings))"
        let name = tls.serverName == nil ? "the host" : "from \(origin("redis.tls.server-name", settings))"
        return "The address is \(address(settings, role)). The CAs are \(authorities), the name to expect is \(name)."
    }

    private static func password(_ settings: LoadedSettings, _ role: ConnectionPlace.Role) -> String {
        guard role == .sentinel else { return "The password is \(serverPassword(settings))." }
        guard settings.settings.redis.sentinelPasswordFile != nil else {
            return "The sentinels' password is not set: name its file in REDIS_SENTINEL_PASSWORD_FILE."
        }
        let user = settings.settings.redis.sentinelUsername.map {
            ", for the user \($0), whose name is from \(origin("redis.sentinel-username", settings))"
        }
        return "The sentinels' password is from \(origin("redis.sentinel-password-file", settings))\(user ?? "")."
    }

    private static func serverPassword(_ settings: LoadedSettings) -> String {
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
