/// Why a node of a cluster did not run a command that another one, or it itself a little later, will run.
///
/// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#redirection-and-resharding
enum Redirection: Equatable {
    /// The slot has another master.
    case moved
    /// The slot is on its way, and this key is on the other side, or will be made there.
    case ask(Endpoint)
    /// The keys of one command are on both sides of a slot on its way, or the cluster is not whole.
    case later

    init?(_ error: RedisError, askedAt asked: Endpoint) {
        switch error.serverCode {
        case "MOVED":
            self = .moved
        case "ASK":
            guard let endpoint = Self.endpoint(in: error.message, askedAt: asked) else { return nil }
            self = .ask(endpoint)
        case "TRYAGAIN", "CLUSTERDOWN", "READONLY", "MASTERDOWN", "LOADING":
            self = .later
        default:
            return nil
        }
    }

    /// The address at the end of `ASK 1234 host:port`; without a host it is that of the node that said so.
    private static func endpoint(in message: String, askedAt asked: Endpoint) -> Endpoint? {
        guard let address = message.split(separator: " ").last, let colon = address.lastIndex(of: ":"),
            case let digits = address[address.index(after: colon)...], digits.first?.isNumber == true,
            let port = UInt16(digits), port > 0
        else { return nil }
        let host = String(address[..<colon])
        if !host.isEmpty, host != "?" { return PeerHost(host).map { .tcp(host: $0.text, port: Int(port)) } }
        guard case .tcp(let known, _) = asked else { return nil }
        return .tcp(host: known, port: Int(port))
    }
}

extension RedisError {
    /// Whether a node of a cluster refused because the slot is elsewhere, on its way, or not served now: nothing ran.
    public var isRedirection: Bool {
        outcome == .notExecuted
            && ["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"].contains(serverCode ?? "")
    }
}
