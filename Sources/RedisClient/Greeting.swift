/// The first pipeline of a connection: who we are, and which database is meant.
///
/// Source: https://redis.io/docs/latest/commands/auth/
struct Greeting {
    /// AUTH and SELECT where needed, CLIENT SETNAME, CLIENT ID.
    private(set) var commands = CommandBuffer()

    private let secret: String?
    private let hasPasswordAlone: Bool
    private let database: Int
    private let options: ConnectionOptions

    /// The greeting with a password, as its source gave it; nil for none.
    init(_ options: ConnectionOptions, password: String?) {
        self.options = options
        database = options.database
        // A user without a password is still another one than the default user.
        secret = password ?? (options.username == nil ? nil : "")
        hasPasswordAlone = secret != nil && options.username == nil
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
    /// A server that lets nobody in says so to any command, so SETNAME's reply counts too. Only that it is forbidden or not
    /// there, or that the server is still loading, is no reason: we are in, and the next command will say what else is the
    /// matter.
    /// Errors: the server's; `unexpectedReply` when something answers that is not Redis, such as an echo.
    func check(_ replies: Replies) throws -> Int64 {
        var rest = replies[...]
        // Nobody is refused: the user is let in without a password, as the other clients' AUTH with a user's name is.
        if isSurplusPassword(replies) { rest.removeFirst() }
        for _ in 0..<(rest.count - 2) {
            guard try rest.removeFirst().unlessError().equals(Bytes("OK")) else { throw Self.stranger }
        }
        let name = rest.removeFirst()
        let number = rest.removeFirst()
        // A service may have no CLIENT, or keep it for itself under another name: it goes without.
        if let error = name.error, error.code != .unsupportedServer, !["NOPERM", "LOADING"].contains(error.serverCode) {
            throw error
        }
        guard name.kind == .error || name.equals(Bytes("OK")), number.kind == .error || number.integer != nil else {
            throw Self.stranger
        }
        return number.integer ?? 0
    }

    /// Whether the server has no password for the default user, and one was sent: it then says so and goes on.
    func isSurplusPassword(_ replies: Replies) -> Bool {
        guard hasPasswordAlone, let error = replies.first?.error else { return false }
        return error.message.hasPrefix("ERR AUTH <password> called without any password configured")
    }

    /// A failure of the greeting, as whoever opened the connection may see and print it.
    ///
    /// A server that does not know AUTH, or by another name, quotes its arguments in the error.
    func refusal(_ error: any Error) -> any Error {
        guard var error = error as? RedisError else { return error }
        error.outcome = .notExecuted
        let fault = LoginFault(error)
        error.loginFault = fault
        if let quote = error.message.firstRange(of: ", with args") {
            error.message = error.message[..<quote.lowerBound] + "."
        }
        // A server's text is made printable before it is looked at here.
        let words = Self.withoutOwnWords(error.message)
        if let secret, !secret.isEmpty, words.contains(secret) || words.contains(printable(secret, limit: .max)) {
            error.message = "The server refused the greeting (\(error.code)), in words that repeat the password."
        }
        guard let fault else { return error }
        let whose = fault == .hungUp ? "" : " (\(options.place))"
        error.message = Self.sentence(error.message, whose) + " " + fault.remedy(for: options)
        return error
    }

    /// A server's words with what stands behind them, as a sentence.
    private static func sentence(_ words: String, _ whose: String) -> String {
        guard !whose.isEmpty else { return words }
        let end = words.last.map { ".!?".contains($0) } ?? false
        return (end ? String(words.dropLast()) : words) + whose + "."
    }

    /// A message without the sentences that Redis and its kin have for this occasion: a password that is one of their
    /// words, such as “password”, is not what they repeat.
    private static func withoutOwnWords(_ message: String) -> String {
        ownSentences.reduce(message) { $0.replacing($1, with: "") }
    }

    private static let ownSentences = [
        "WRONGPASS invalid username-password pair or user is disabled.", "WRONGPASS invalid username-password pair",
        "NOAUTH Authentication required.", "ERR unknown command 'AUTH'.", "ERR invalid password",
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
            + "configuration is correct?",
        "ERR Client sent AUTH, but no password is set", "ERR max number of clients reached",
        "ERR DB index is out of range", "LOADING Redis is loading the dataset in memory",
        "LOADING Valkey is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    ]

    private static let stranger = RedisError(
        .unexpectedReply,
        "What answered the greeting is not a Redis server; check the address.",
        outcome: .notExecuted
    )
}
