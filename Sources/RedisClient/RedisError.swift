/// A failure of a command or of its connection: what happened, whether the command ran, and whether trying again helps.
public struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Sendable, Equatable {
        /// The address cannot be resolved or nothing listens there.
        case unreachable
        /// The deadline passed.
        case timedOut
        /// The peer closed or reset the connection.
        case disconnected
        /// The server has not proven who it is: its certificate is another's, has expired, or nobody trusted signed it.
        case untrusted
        /// The server's certificate is not valid yet.
        case notYetValid
        /// The server wants a client certificate, or refuses the one it got.
        case clientCertificate
        /// One side speaks TLS and the other does not, or none that both accept.
        case encryption
        /// A file or a name that the connection needs cannot be used.
        case misconfigured
        /// The peer's bytes are not RESP2, or exceed the limits.
        case protocolViolation
        /// The replies have more bytes than the request says that they may have.
        case replyTooLarge
        /// The server answered with an error.
        case server
        /// EXEC ran, and a command in it failed: the others of the transaction are done.
        case partlyExecuted
        /// A reply has another shape than the command's documentation says.
        case unexpectedReply
        /// The server lacks something that cannot be replaced.
        case unsupportedServer
    }

    /// Whether the command took effect.
    public enum Outcome: String, Sendable, Equatable {
        /// It did not run and will not.
        case notExecuted
        /// It may have run, or may run later, even now that the connection is closed.
        case unknown
    }

    /// What kind of failure it is.
    public var code: Code
    /// One sentence: what happened and, where it is not obvious, what to do.
    public var message: String
    /// Whether the command took effect.
    public var outcome: Outcome
    /// The first word of a server's error, such as `OOM` or `NOPERM`; nil for other codes.
    public var serverCode: String?
    /// Whether the stream ended, or fell silent, before any reply to the request came.
    ///
    /// So it is when a connection rested and the other side, or something between, has forgotten it meanwhile. A request
    /// that only reads may then be sent once more, on a new connection.
    public internal(set) var isUnanswered = false

    /// The connection that it is about; nil where it is about none.
    public internal(set) var place: ConnectionPlace?
    /// What the server meant, if it did not let us in.
    public internal(set) var loginFault: LoginFault?

    /// A failure with its sentence and outcome.
    public init(_ code: Code, _ message: String, outcome: Outcome, serverCode: String? = nil) {
        self.code = code
        self.message = message
        self.outcome = outcome
        self.serverCode = serverCode
    }

    /// The failure that an error reply stands for, in the server's words in the notation of ``SafeText``, 1,000 characters at most.
    ///
    /// Error replies other than EXEC's inner ones mean that the command did not run
    /// (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors).
    public init(serverReply text: String) {
        // An EXEC that is itself refused says why: that is what decides whether to try again.
        let refusal = "EXECABORT Transaction discarded because of: "
        let cause = text.hasPrefix(refusal) ? text.dropFirst(refusal.count) : text[...]
        let word = cause.prefix { !$0.isWhitespace }
        let isCode = !word.isEmpty && word.allSatisfy { $0.isUppercase || $0.isNumber }
        // The one passing failure to which Redis gives no code of its own ("… reached", "… + cluster connections
        // reached").
        let isFull = cause.hasPrefix("ERR max number of clients")
        let isUnknown = cause.hasPrefix("ERR unknown command")
        self.init(
            isUnknown ? .unsupportedServer : .server,
            printable(text) + (isUnknown ? " This needs Redis 6.2 or newer, with no command renamed." : ""),
            outcome: .notExecuted,
            serverCode: isFull ? "MAXCLIENTS" : isCode ? String(word) : "ERR"
        )
    }

    /// Whether the same request may succeed later without anybody changing the configuration or the data.
    public var isRetryable: Bool {
        switch code {
        case .unreachable, .timedOut, .disconnected, .notYetValid, .partlyExecuted:
            return true
        case .untrusted, .clientCertificate, .encryption, .misconfigured, .protocolViolation, .replyTooLarge,
            .unexpectedReply, .unsupportedServer:
            return false
        case .server:
            return !Self.permanentServerCodes.contains(serverCode ?? "")
        }
    }

    /// Whether the server refused who we are or what we may do.
    public var isPermission: Bool {
        code == .clientCertificate
            || code == .server && ["NOAUTH", "WRONGPASS", "NOPERM", "DENIED"].contains(serverCode ?? "")
    }

    /// Whether no connection to a server could be had or kept.
    public var isConnectivity: Bool {
        switch code {
        case .unreachable, .timedOut, .disconnected, .untrusted, .notYetValid, .encryption: return true
        default: return false
        }
    }

    /// The sentence, with the code for which a program may look.
    public var description: String { message }

    /// Errors that stay until a person changes configuration, permissions or data.
    private static let permanentServerCodes: Set<String> = [
        "NOAUTH", "WRONGPASS", "NOPERM", "DENIED", "WRONGTYPE", "CROSSSLOT", "BUSYKEY", "ERR",
    ]
}
