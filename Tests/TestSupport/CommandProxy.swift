import Foundation
import RedisClient
import Synchronization

/// Stands between programs and a server, knows commands and replies apart, and fails at the n-th command.
///
/// What fails when is in its ``FaultSchedule``, which several proxies can share. With a hook instead of a fault it is the
/// way to do something between two commands.
public final class CommandProxy: Sendable {
    /// What goes wrong.
    public typealias Fault = ProxyFault

    private struct State {
        var isClosed = false
        var upstream: String?
        var descriptors: Set<Int32> = []
    }

    /// The Unix socket to connect to instead of the server's.
    public let socketPath: String
    /// The port of 127.0.0.1 to connect to instead of the server's, for a proxy that was made with `tcp`.
    public let port: Int?
    /// What goes wrong when.
    public let schedule: FaultSchedule

    private let directory: TemporaryDirectory
    private let listeners: [Int32]
    private let state = Mutex(State())

    /// A proxy in front of a server, ready for connections.
    public convenience init(_ server: RedisServer, fault: Fault? = nil, hook: FaultSchedule.Hook? = nil) throws {
        try self.init(FaultSchedule(fault.map { [$0] } ?? [], hook: hook))
        stand(before: server)
    }

    /// A proxy that lets nobody in before it stands before a server.
    public init(_ schedule: FaultSchedule, tcp: Bool = false) throws {
        self.schedule = schedule
        directory = try TemporaryDirectory()
        socketPath = directory.file("proxy.sock")
        let local = try UnixSocket.listen(on: socketPath)
        let port = tcp ? try FreePort.take() : nil
        self.port = port?.number
        listeners = [local] + (port.map { [$0.descriptor] } ?? [])
        schedule.register(self)
        for listener in listeners {
            let thread = Thread { [weak self] in
                while true {
                    let client = accept(listener, nil, nil)
                    guard client >= 0 else {
                        if errno == EINTR { continue }
                        break
                    }
                    var isOn: Int32 = 1
                    setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
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
    }

    deinit {
        close()
    }

    /// Lets connections through to a server from now on.
    public func stand(before server: RedisServer) { state.withLock { $0.upstream = server.socketPath } }

    /// How many commands have come so far.
    public var commandCount: Int { schedule.commandCount }

    /// How many commands of one connection were under way at once, at most: the length of its longest pipeline.
    public var longestPipeline: Int { schedule.longestPipeline }

    /// Whether a fault has ended everything.
    public var hasCut: Bool { schedule.isDown }

    /// Closes all connections and lets nobody in any more; may be called again.
    public func close() {
        let wasClosed = state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        guard !wasClosed else { return }
        endConnections()
        for listener in listeners { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    /// Ends all connections there are.
    func endConnections() {
        state.withLock { state in
            for descriptor in state.descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    private func admit(_ descriptor: Int32) -> Bool {
        state.withLock { state in
            guard !state.isClosed, !schedule.isDown else { return false }
            state.descriptors.insert(descriptor)
            return true
        }
    }

    /// Forgets a descriptor, and closes it unless somebody else has it now.
    private func dismiss(_ descriptor: Int32, isKept: Bool = false) {
        state.withLock { _ = $0.descriptors.remove(descriptor) }
        if !isKept { Foundation.close(descriptor) }
    }

    /// Carries one connection until it ends, and does what its end means for others.
    private func serve(_ client: Int32) {
        guard let upstream = state.withLock({ $0.upstream }), let server = try? UnixSocket.connect(to: upstream) else {
            return dismiss(client)
        }
        guard admit(server) else {
            Foundation.close(server)
            return dismiss(client)
        }
        var connection = ProxyConnection(client: client, server: server, schedule: schedule)
        switch connection.carry() {
        case .ended:
            dismiss(server)
            dismiss(client)
        case .everythingEnds:
            schedule.cut()
            dismiss(server)
            dismiss(client)
        case .reset:
            for descriptor in [server, client] {
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                dismiss(descriptor)
            }
        case .held(let bytes):
            dismiss(server, isKept: true)
            schedule.keep(HeldCommands(server: server, bytes: bytes))
            dismiss(client)
        }
    }
}
