import Foundation
import RedisClient
import Synchronization

/// Stands between a program and a server, knows commands and replies apart, and fails at the n-th command.
///
/// Commands are counted over all connections, from 1. After a fault everything is closed and nobody gets in any more, as
/// if the program's host were gone. With a hook instead of a fault it is the way to do something between two commands.
public final class CommandProxy: Sendable {
    /// What goes wrong.
    public enum Fault: Sendable, Equatable {
        /// Nothing.
        case none
        /// The n-th command never arrives.
        case cut(before: Int)
        /// The n-th command is executed, and its reply is not seen.
        case swallow(replyTo: Int)
    }

    /// Told of each command before it is forwarded: its number, and its words.
    public typealias Hook = @Sendable (_ number: Int, _ words: [Bytes]) -> Void

    private struct State {
        var count = 0
        var mostPending = 0
        var isCut = false
        var isClosed = false
        var descriptors: Set<Int32> = []
    }

    /// Where to connect instead of the server.
    public let socketPath: String

    private let directory: TemporaryDirectory
    private let upstream: String
    private let fault: Fault
    private let hook: Hook?
    private let listener: Int32
    private let state = Mutex(State())

    /// A proxy in front of a server, ready for connections.
    public init(_ server: RedisServer, fault: Fault = .none, hook: Hook? = nil) throws {
        directory = try TemporaryDirectory()
        socketPath = directory.file("proxy.sock")
        upstream = server.socketPath
        self.fault = fault
        self.hook = hook
        listener = try UnixSocket.listen(on: socketPath)
        let thread = Thread { [weak self, listener] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    if errno == EINTR { continue }
                    break
                }
                guard let proxy = self, proxy.admit(client) else {
                    Foundation.close(client)
                    continue
                }
                let serving = Thread { proxy.serve(client) }
                serving.name = "proxy connection"
                serving.start()
            }
            Foundation.close(listener)
        }
        thread.name = "proxy"
        thread.start()
    }

    deinit {
        close()
    }

    /// How many commands have come so far.
    public var commandCount: Int { state.withLock { $0.count } }

    /// How many commands of one connection were under way at once, at most: the length of its longest pipeline.
    public var longestPipeline: Int { state.withLock { $0.mostPending } }

    /// Whether the fault has happened.
    public var hasCut: Bool { state.withLock { $0.isCut } }

    /// Closes all connections and lets nobody in any more; may be called again.
    public func close() {
        let wasClosed = state.withLock { state in
            for descriptor in state.descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
            defer { state.isClosed = true }
            return state.isClosed
        }
        if !wasClosed { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    private func admit(_ descriptor: Int32) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.descriptors.insert(descriptor)
            return true
        }
    }

    private func dismiss(_ descriptor: Int32) {
        state.withLock { _ = $0.descriptors.remove(descriptor) }
        Foundation.close(descriptor)
    }

    private enum Judgement {
        case forward
        case cut
        case swallow
    }

    private func judge(_ command: Bytes) -> Judgement {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        hook?(number, RESPScanner.arguments(of: command))
        switch fault {
        case .cut(before: number): return .cut
        case .swallow(replyTo: number): return .swallow
        default: return .forward
        }
    }

    private func cut() {
        state.withLock { $0.isCut = true }
        close()
    }

    /// Carries one connection until either side ends it.
    private func serve(_ client: Int32) {
        defer { dismiss(client) }
        guard let server = try? UnixSocket.connect(to: upstream) else { return }
        guard admit(server) else {
            Foundation.close(server)
            return
        }
        defer { dismiss(server) }
        var requests = Bytes()
        var replies = Bytes()
        var forwarded = 0
        var answered = 0
        var swallowed: Int?
        while true {
            var waiting = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, -1) > 0 || errno == EINTR else { return }
            if waiting[0].revents != 0 {
                guard UnixSocket.read(from: client, into: &requests) else { return }
                while let command = RESPScanner.take(from: &requests) {
                    switch judge(command) {
                    case .forward: break
                    case .cut: return cut()
                    case .swallow: swallowed = forwarded
                    }
                    guard UnixSocket.write(command, to: server) else { return }
                    forwarded += 1
                }
                state.withLock { $0.mostPending = max($0.mostPending, forwarded - answered) }
            }
            if waiting[1].revents != 0 {
                guard UnixSocket.read(from: server, into: &replies) else { return }
                while let reply = RESPScanner.take(from: &replies) {
                    if answered == swallowed { return cut() }
                    guard UnixSocket.write(reply, to: client) else { return }
                    answered += 1
                }
            }
        }
    }
}
