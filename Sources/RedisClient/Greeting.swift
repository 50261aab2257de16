/// The first pipeline of a connection: who we are, and which database is meant.
///
/// Source: https://redis.io/docs/latest/commands/auth/
struct Greeting {
    /// AUTH and SELECT where needed, CLIENT SETNAME, CLIENT ID.
    private(set) var commands = CommandBuffer()

    private let secret: String?
    private let database: Int
    private let mayWantTLS: Bool

    /// The greeting with a password, as its source gave it; nil for none.
    init(_ options: ConnectionOptions, password: String?) {
        mayWantTLS = if case .tcp = options.endpoint { options.tls == nil } else { false }
        database = options.database
        // A user without a password is still another one than the default user.
        secret = password ?? (options.username == nil ? nil : "")
        if let secret {
            if let username = options.username {
                commands.append("AUTH", username, secret)
            } else {
                commands.append("AUTH", secret)
            }
        }
        if database != 0 { commands.append("SELECT", String(database)) }
        commands.append("CLIENT", "SETNAME", options.clientName)
        commands.append("CLIENT", "ID")
    }

    /// The connection's number, if the server has let us in; 0 when it does not tell.
    ///
    /// A server that lets nobody in says so to any command, so SETNAME's reply counts too. Only that it is forbidden or
    /// that the server is still loading is no reason: we are in, and the next command will say so again.
    /// Errors: the server's; `unexpectedReply` when something answers that is not Redis, such as an echo.
    func check(_ replies: Replies) throws -> Int64 {
        var rest = replies[...]
        for _ in 0..<(commands.count - 2) {
            guard try rest.removeFirst().unlessError().equals(Bytes("OK")) else { throw Self.stranger }
        }
        let name = rest.removeFirst()
        let number = rest.removeFirst()
        if let error = name.error, !["NOPERM", "LOADING"].contains(error.serverCode) { throw error }
        guard name.kind == .error || name.equals(Bytes("OK")), number.kind == .error || number.integer != nil else {
            throw Self.stranger
        }
        return number.integer ?? 0
    }

    /// A failure of the greeting, as whoever opened the connection may see and print it.
    ///
    /// A server that does not know AUTH, or by another name, quotes its arguments in the error.
    func refusal(_ error: any Error) -> any Error {
        guard var error = error as? RedisError else { return error }
        error.outcome = .notExecuted
        if error.code == .disconnected, mayWantTLS {
            error.message += " A port for TLS hangs up like this on those who speak without."
        }
        if let quote = error.message.firstRange(of: ", with args") {
            error.message = error.message[..<quote.lowerBound] + "."
        }
        // A server's text is made printable before it is looked at here.
        if let secret, !secret.isEmpty,
            error.message.contains(secret) || error.message.contains(printable(secret, limit: .max))
        {
            error.message = "The server refused the greeting (\(error.code)), in words that repeat the password."
        }
        return error
    }

    private static let stranger = RedisError(
        .unexpectedReply,
        "What answered the greeting is not a Redis server; check the address.",
        outcome: .notExecuted
    )
}
