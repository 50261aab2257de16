/// What each sentinel said in a search for the master that found none, and what that amounts to.
struct MasterSearch {
    /// What came of one sentinel.
    enum Finding: Sendable {
        /// It could not be asked.
        case unasked(RedisError)
        /// It does not know the name.
        case unknownName
        /// It named a server, which could not be used for this reason.
        case unusable(Endpoint, RedisError)
        /// It named a server that is no master: the sentinel is behind, or a failover is under way.
        case noMaster(Endpoint)
        /// It named the server that another one had named.
        case same(Endpoint)
    }

    /// The master's name.
    let master: String
    private(set) var findings: [(sentinel: Endpoint, finding: Finding)] = []

    init(master: String) {
        self.master = master
    }

    /// Whether a server was found unusable before.
    func hasTried(_ server: Endpoint) -> Bool {
        findings.contains { _, finding in
            switch finding {
            case .unusable(server, _), .noMaster(server): true
            default: false
            }
        }
    }

    mutating func note(_ finding: Finding, of sentinel: Endpoint) {
        findings.append((sentinel, finding))
    }

    /// The failure, naming what each sentinel said; permanent only if all of them said so.
    var error: RedisError {
        let said = findings.map { "\($0.sentinel): \(Self.text($0.finding))" }.joined(separator: "; ")
        let message = "No usable master \(printable(master)) was found. \(said)"
        if !findings.isEmpty, findings.allSatisfy({ if case .unknownName = $0.finding { true } else { false } }) {
            return RedisError(.misconfigured, message + " Check the master's name.", outcome: .notExecuted)
        }
        let refusals = findings.compactMap { _, finding -> RedisError? in
            if case .unasked(let error) = finding, !error.isRetryable { error } else { nil }
        }
        if let first = refusals.first, refusals.count == findings.count {
            var error = RedisError(first.code, message, outcome: .notExecuted, serverCode: first.serverCode)
            error.place = first.place
            error.loginFault = first.loginFault
            return error
        }
        var error = RedisError(.unreachable, message, outcome: .notExecuted)
        error.place = placeOfAll
        return error
    }

    /// Where the search ended for want of an answer: at the sentinels, or behind them; nil where it was here and there.
    private var placeOfAll: ConnectionPlace? {
        let places = findings.map { sentinel, finding in
            switch finding {
            case .unusable(let server, _), .noMaster(let server), .same(let server):
                ConnectionPlace(.namedBySentinels, server)
            case .unasked, .unknownName: ConnectionPlace(.sentinel, sentinel)
            }
        }
        guard let first = places.first, places.allSatisfy({ $0.role == first.role }) else { return nil }
        return first
    }

    private static func text(_ finding: Finding) -> String {
        switch finding {
        case .unasked(let error): error.message
        case .unknownName: "it knows no such master."
        case .unusable(let server, let error): "it names \(server). \(error.message)"
        case .noMaster(let server): "it names \(server), which is no master; a failover may be under way."
        case .same(let server): "it names \(server), too."
        }
    }
}

extension MasterSearch {
    /// The server that a sentinel names; nil when it does not know the name.
    ///
    /// Errors: `unexpectedReply`, also for an address that cannot be one.
    static func server(in reply: Reply) throws -> Endpoint? {
        let reply = try reply.unlessError()
        if reply.isNull { return nil }
        let parts = reply.elements.compactMap(\.text)
        guard reply.count == 2, parts.count == 2, let port = Int(parts[1]), 1...65_535 ~= port,
            let host = PeerHost(parts[0])
        else {
            throw RedisError(
                .unexpectedReply,
                "It does not answer with an address; is it a sentinel?",
                outcome: .notExecuted
            )
        }
        return .tcp(host: host.text, port: port)
    }

    /// Whether what INFO says of replication is what a master says.
    static func isMaster(_ info: Reply) throws -> Bool {
        let lines = try info.unlessError().text?.split(whereSeparator: \.isNewline) ?? []
        // A second one is not the server's own: a replica may have written it into its address.
        return lines.filter { $0.hasPrefix("role:") } == ["role:master"]
    }
}
