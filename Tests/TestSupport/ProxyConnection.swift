import Foundation
import RedisClient

/// One connection through a proxy: carries commands and replies, and has faults done to it.
struct ProxyConnection {
    /// How it ended.
    enum End {
        /// One side is gone, or a fault of this connection alone has happened.
        case ended
        /// A fault has happened after which nobody gets through.
        case everythingEnds
        /// Both sides are to see a reset.
        case reset
        /// The program's side ends; the server is to get these bytes later.
        case held(Bytes)
    }

    private let client: Int32
    private let server: Int32
    private let schedule: FaultSchedule
    private var requests = Bytes()
    private var replies = Bytes()
    private var forwarded = 0
    private var answered = 0
    /// The reply, by its place on this connection, with which something happens.
    private var marked: (reply: Int, effect: ProxyFault.Effect)?
    private var isDeaf = false
    private var isMute = false
    private var bytesPerSecond: Int?

    init(client: Int32, server: Int32, schedule: FaultSchedule) {
        self.client = client
        self.server = server
        self.schedule = schedule
    }

    /// Carries until either side ends it, or a fault does.
    mutating func carry() -> End {
        while true {
            var waiting = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, -1) > 0 || errno == EINTR else { return .ended }
            if waiting[0].revents != 0 {
                guard UnixSocket.read(from: client, into: &requests) else { return .ended }
                if let end = forward() { return end }
            }
            if waiting[1].revents != 0 {
                guard UnixSocket.read(from: server, into: &replies) else { return .ended }
                if let end = answer() { return end }
            }
        }
    }

    /// Forwards the whole commands that there are.
    private mutating func forward() -> End? {
        let goesOneByOne = schedule.hasHook
        var start = 0
        var done = 0
        while let end = RESPScanner.end(in: requests, from: start) {
            if goesOneByOne, !send(done..<start) { return .ended }
            if goesOneByOne { done = start }
            if let effect = isMute ? nil : schedule.count({ Array(requests[start..<end]) }) {
                guard send(done..<start) else { return .ended }
                done = start
                if let fate = strike(effect, start..<end) { return fate }
            }
            forwarded += 1
            start = end
        }
        guard send(done..<start) else { return .ended }
        requests.removeFirst(start)
        schedule.note(pending: forwarded - answered)
        return nil
    }

    /// Does to a command what is to happen to it; nil when it is to be forwarded all the same.
    private mutating func strike(_ effect: ProxyFault.Effect, _ command: Range<Int>) -> End? {
        switch effect {
        case .cut: return .everythingEnds
        case .drop: return .ended
        case .reset: return .reset
        case .half:
            _ = send(command.lowerBound..<command.lowerBound + max(1, command.count / 2))
            return .ended
        case .hold:
            // What was sent in the same breath belongs to it.
            var rest = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
            while poll(&rest, 1, 3) > 0, UnixSocket.read(from: client, into: &requests) {}
            return .held(Array(requests[command.lowerBound...]))
        case .swallow, .lose, .deafen, .trickle: marked = (forwarded, effect)
        case .mute: isMute = true
        case .pass: break
        case .delay(let milliseconds): usleep(UInt32(milliseconds) * 1000)
        }
        return nil
    }

    private func send(_ range: Range<Int>) -> Bool {
        isMute || range.isEmpty || UnixSocket.write(Array(requests[range]), to: server)
    }

    /// Hands on the whole replies that there are.
    private mutating func answer() -> End? {
        var start = 0
        while let end = RESPScanner.end(in: replies, from: start) {
            if let marked, marked.reply == answered {
                switch marked.effect {
                case .deafen: isDeaf = true
                case .trickle(let rate): bytesPerSecond = rate
                default:
                    _ = hand(0..<start)
                    return marked.effect == .swallow ? .everythingEnds : .ended
                }
            }
            answered += 1
            start = end
        }
        guard hand(0..<start) else { return .ended }
        replies.removeFirst(start)
        return nil
    }

    private func hand(_ range: Range<Int>) -> Bool {
        if isDeaf || range.isEmpty { return true }
        guard let bytesPerSecond else { return UnixSocket.write(Array(replies[range]), to: client) }
        for byte in replies[range] {
            guard UnixSocket.write([byte], to: client) else { return false }
            usleep(UInt32(1_000_000 / bytesPerSecond))
        }
        return true
    }
}
