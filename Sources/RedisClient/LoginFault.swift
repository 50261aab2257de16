/// What a server means by its reply to a greeting, or by none.
///
/// The one table from reply to cause. What to do follows from the connection: a sentinel's password is another setting than
/// the server's.
/// Sources: https://redis.io/docs/latest/commands/auth/ and the replies of Redis 6.2 to 8, Valkey and HAProxy.
public enum LoginFault: String, Sendable, Equatable, CaseIterable {
    /// A password was sent, and there is none.
    case passwordNotWanted
    /// The password, or the user, is another one.
    case passwordWrong
    /// There is a password, and none was sent.
    case passwordMissing
    /// There are as many clients as the server takes.
    case full
    /// The number of the database is none of the server's.
    case databaseUnknown
    /// The server is a node of a cluster, which has one database only.
    case databaseInCluster
    /// The server reads its data from the disk.
    case loading
    /// The server lets in only clients of its own host, as long as nothing protects it.
    case protectedMode
    /// The server is a replica that has lost its master.
    case masterLost
    /// The user may not do what a greeting does.
    case forbidden
    /// The server does not know a command of the greeting.
    case commandUnknown
    /// Whatever took the connection ended it without a word.
    case hungUp

    /// What an error of a greeting means; nil for those that name their cause themselves.
    public init?(_ error: RedisError) {
        if error.code == .disconnected {
            self = .hungUp
            return
        }
        let byCode: [String: LoginFault] = [
            "WRONGPASS": .passwordWrong, "NOAUTH": .passwordMissing, "MAXCLIENTS": .full, "LOADING": .loading,
            "DENIED": .protectedMode, "MASTERDOWN": .masterLost, "NOPERM": .forbidden,
        ]
        let byWords: [(String, LoginFault)] = [
            ("ERR AUTH <password> called without any password configured", .passwordNotWanted),
            ("ERR Client sent AUTH, but no password is set", .passwordNotWanted),
            ("ERR invalid password", .passwordWrong),
            ("ERR operation not permitted", .passwordMissing),
            ("ERR DB index is out of range", .databaseUnknown),
            ("ERR invalid DB index", .databaseUnknown),
            ("ERR SELECT is not allowed in cluster mode", .databaseInCluster),
            ("ERR unknown command", .commandUnknown),
        ]
        guard [.server, .unsupportedServer].contains(error.code) else { return nil }
        let known =
            error.serverCode.flatMap { byCode[$0] } ?? byWords.first { error.message.hasPrefix($0.0) }?.1
        guard let known else { return nil }
        self = known
    }

    /// Whether somebody has to change the configuration of these programs.
    public var isMisconfiguration: Bool {
        switch self {
        case .passwordNotWanted, .databaseUnknown, .databaseInCluster: true
        case .passwordWrong, .passwordMissing, .full, .loading, .protectedMode, .masterLost, .forbidden,
            .commandUnknown, .hungUp:
            false
        }
    }

    /// Whether the server takes nobody in now, whoever that is.
    public var isUnavailability: Bool {
        switch self {
        case .full, .loading, .masterLost, .hungUp: true
        case .passwordNotWanted, .passwordWrong, .passwordMissing, .databaseUnknown, .databaseInCluster, .protectedMode,
            .forbidden, .commandUnknown:
            false
        }
    }

    /// What to do about it on a connection with these options, by the setting that is meant.
    func remedy(for options: ConnectionOptions) -> String {
        let isSentinel = options.role == .sentinel
        let passwordKey = isSentinel ? "redis.sentinel-password-file" : "redis.password-file or redis.password"
        let userKey = isSentinel ? "redis.sentinel-username" : "redis.username"
        switch self {
        case .passwordNotWanted:
            return "It has no password: unset \(passwordKey), or set requirepass there."
        case .passwordWrong:
            let user = options.username == nil ? "" : ", and the user in \(userKey)"
            return "Check the password in \(passwordKey)\(user)."
        case .passwordMissing:
            return "It wants a password: set \(passwordKey)."
        case .full:
            return "Close clients of it, or raise its maxclients."
        case .databaseUnknown:
            return "redis.database is \(options.database): name one that it has, or raise its `databases`."
        case .databaseInCluster:
            return "It is a node of a cluster: set redis.cluster.enabled."
        case .loading:
            return "It lets clients in when its data are loaded."
        case .protectedMode:
            return "Give it a password (requirepass) or an ACL user, and name that here."
        case .masterLost:
            return "It is a replica that has lost its master: name the master's address."
        case .forbidden:
            return "What the user needs stands in deploy/migrateredis.acl."
        case .commandUnknown:
            return "Is it a proxy? The programs need the server itself, with its own names of commands."
        case .hungUp:
            return Self.hungUpHint(options)
        }
    }

    private static func hungUpHint(_ options: ConnectionOptions) -> String {
        guard case .tcp = options.endpoint, options.tls == nil else { return proxyHint }
        return plainHint
    }

    /// Without TLS, over TCP.
    static let plainHint =
        "A port for TLS hangs up like this on those who speak without, as does a proxy that has no server behind it, or "
        + "one that knows only some commands (twemproxy)."
    static let proxyHint =
        "A proxy hangs up like this that has no server behind it, or that knows only some commands (twemproxy)."
}
