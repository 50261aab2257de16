import Foundation
import Synchronization

/// A real Redis server that belongs to one test.
///
/// It listens on a Unix socket in a directory of its own, on request also on a free port of 127.0.0.1, and keeps its
/// data in memory. Besides the default user, who may do everything, it has that of ``LeastPrivilege``. It ends with ``close()``, with the last reference to it, or with the test process, whichever comes
/// first; ``withRedisServer(arguments:tcp:environment:isolation:_:)`` closes it on every way out.
public final class RedisServer: Sendable {
    /// The Unix socket that it listens on.
    public let socketPath: String

    /// The port of 127.0.0.1 that it listens on, if it was started with `tcp`.
    public let port: Int?

    /// The port of 127.0.0.1 and ::1 on which it speaks TLS, if it was started with `tls`.
    public let tlsPort: Int?

    private let home: TemporaryDirectory
    private let arguments: [String]
    private let environment: [String: String]
    private let child = Mutex<ChildProcess?>(nil)

    /// Starts a server and waits until it answers, 10 seconds at most.
    ///
    /// With `tls` it speaks TLS on a port besides; it asks no client for a certificate unless the arguments say so.
    /// `arguments` are options of `redis-server` (`["--maxmemory", "10mb"]`), and win over the ones that this helper
    /// sets. With `tcp` the server also listens on a port; with `--cluster-enabled` among the arguments it is one whose
    /// cluster bus port is free as well. The program is that of the variable `REDIS_SERVER`, else `redis-server` from
    /// `PATH`, else the one in Debian's package redis-tools.
    public static func start(
        arguments: [String] = [],
        tcp: Bool = false,
        tls: ServerTLS? = nil,
        environment: [String: String] = [:]
    ) async throws -> RedisServer {
        let home = try TemporaryDirectory()
        var attempt = 1
        while true {
            let port = tcp ? try FreePort.find(clusterBus: arguments.contains("--cluster-enabled")) : nil
            let isNode = arguments.contains("--cluster-enabled")
            let tlsPort = try tls.map { _ in try FreePort.find(clusterBus: isNode) }
            let options = (tls.map { $0.options(port: tlsPort ?? 0) } ?? []) + arguments
            let server = RedisServer(
                home: home,
                port: port,
                tlsPort: tlsPort,
                arguments: options,
                environment: environment
            )
            do {
                try await server.launch()
                return server
            } catch {
                // Another process may have been faster to take the port.
                let isClash = (tcp || tls != nil) && server.logText().contains("Address already in use")
                guard isClash, attempt < 5 else { throw error }
                attempt += 1
                try? FileManager.default.removeItem(atPath: server.logPath)
            }
        }
    }

    private init(
        home: TemporaryDirectory,
        port: Int?,
        tlsPort: Int?,
        arguments: [String],
        environment: [String: String]
    ) {
        self.home = home
        self.port = port
        self.tlsPort = tlsPort
        self.arguments = arguments
        self.environment = environment
        socketPath = home.file("redis.sock")
    }

    deinit {
        child.withLock { _ = $0?.signal(SIGKILL) }
    }

    /// The directory of its socket, log and data; removed with the server.
    public var directory: String { home.path }

    /// Its process id; nil when it does not run.
    public var pid: Int32? { running?.pid }

    /// What it has logged since it was first started.
    public func logText() -> String {
        (try? Data(contentsOf: URL(fileURLWithPath: logPath))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Ends it in order: SIGTERM, and after five seconds SIGKILL. Directory and log stay, for ``restart()``.
    public func stop() async {
        await child.withLock { $0 }?.end(after: .seconds(5))
    }

    /// Kills it, as a power cut would, and waits until it is gone. Directory and log stay, for ``restart()``.
    public func kill() async {
        await child.withLock { $0 }?.endByForce()
    }

    /// Stops its process where it is (SIGSTOP): it keeps its sockets and answers nothing.
    public func pause() async throws {
        guard let running, running.signal(SIGSTOP) else {
            throw TestSupportError("The server does not run, and cannot be paused.")
        }
        // The signal is sent; each of its threads has yet to stop.
        try await eventually("the server to stop") { Self.state(of: running.pid) == "T" }
    }

    /// Lets a paused server go on.
    public func resume() {
        running?.signal(SIGCONT)
    }

    /// Ends it if it runs, and starts it again on the same socket, port and directory, with the same arguments.
    public func restart() async throws {
        await stop()
        try await launch()
    }

    /// Ends it for good and removes its directory. May be called again.
    public func close() async {
        await stop()
        try? FileManager.default.removeItem(atPath: home.path)
    }

    /// Runs `redis-cli` on this server, and gives what it writes without the newline at the end.
    ///
    /// `input` is standard input: commands, when there are no arguments. An error reply is an error here.
    @discardableResult
    public func cli(_ arguments: String..., input: String = "") async throws -> String {
        let result = try await ProcessRunner.run("redis-cli", ["-s", socketPath, "-e"] + arguments, input: input)
        guard result.exitStatus == 0 else {
            throw TestSupportError("redis-cli \(arguments.joined(separator: " ")): \(result)")
        }
        let text = result.standardOutput
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// Sends many commands, one a line as `redis-cli` takes them, in one go; throws if any of them fails.
    public func load(_ commands: String) async throws {
        let result = try await ProcessRunner.run("redis-cli", ["-s", socketPath, "--pipe"], input: commands)
        guard result.exitStatus == 0, result.standardOutput.contains("errors: 0,") else {
            throw TestSupportError("redis-cli --pipe: \(result)")
        }
    }

    private var logPath: String { home.file("redis.log") }

    private var running: ChildProcess? {
        child.withLock { $0?.termination == nil ? $0 : nil }
    }

    private func launch() async throws {
        let program = try Self.program(in: home)
        var options = [
            "--port", "\(port ?? 0)",
            "--bind", "127.0.0.1",
            "--unixsocket", socketPath,
            "--dir", home.path,
            "--daemonize", "no",
            "--save", "",
            "--appendonly", "no",
            "--loglevel", "notice",
        ]
        if !arguments.contains("--aclfile") {
            options += try LeastPrivilege.options(version: try await ServerVersion.major(of: program))
        }
        options += arguments
        // Standard output is the log: so it also has what the server says before it has read its options.
        let log = open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            Foundation.close(log)
            Foundation.close(null)
        }
        guard log >= 0, null >= 0 else {
            throw TestSupportError("Cannot open \(logPath): \(errorText(errno)).")
        }
        let process = try await ChildProcess.start(
            Launch(
                program: program,
                arguments: options,
                environment: ChildEnvironment.with(environment),
                directory: home.path,
                input: null,
                output: log,
                error: log
            )
        )
        child.withLock { $0 = process }
        do {
            try await eventually("the server to answer") {
                if let termination = process.termination {
                    throw TestSupportError("The server ended (\(termination)).")
                }
                return await Ping.succeeds(socketPath: socketPath)
            }
        } catch {
            process.signal(SIGKILL)
            throw TestSupportError("redis-server does not start: \(error) Its log:\n\(logText())")
        }
    }

    /// The program to start.
    static func program(in home: TemporaryDirectory) throws -> String {
        if let named = ProcessInfo.processInfo.environment["REDIS_SERVER"], !named.isEmpty {
            guard let path = Executable.find(named) else {
                throw TestSupportError("REDIS_SERVER names \(named), and there is no such program.")
            }
            return path
        }
        if let path = Executable.find("redis-server") { return path }
        // Debian's redis-tools has the server under the name of its checker; started as redis-server it is one. To
        // install redis-server itself would start a service that nobody asked for.
        guard let checker = Executable.find("redis-check-rdb") else {
            throw TestSupportError("No Redis server. Install redis-tools (or redis-server), or set REDIS_SERVER=path.")
        }
        let link = home.file("redis-server")
        if access(link, X_OK) != 0 {
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: checker)
        }
        return link
    }

    /// The letter for a process's state in `/proc`, which follows the name in parentheses.
    private static func state(of pid: Int32) -> Character? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return nil }
        return text.split(separator: ")").last?.first { $0 != " " }
    }
}

/// How a server speaks TLS.
public struct ServerTLS: Sendable {
    /// Its certificate and key.
    public var identity: TestIdentity
    /// Who may sign the certificates of its clients, and its own.
    public var authority: TestAuthority
    /// Whether a client must have a certificate.
    public var wantsClientCertificate: Bool

    /// A server with a certificate.
    public init(_ identity: TestIdentity, by authority: TestAuthority, wantsClientCertificate: Bool = false) {
        self.identity = identity
        self.authority = authority
        self.wantsClientCertificate = wantsClientCertificate
    }

    fileprivate func options(port: Int) -> [String] {
        [
            "--bind", "127.0.0.1", "-::1", "--tls-port", "\(port)", "--tls-cert-file", identity.certificate,
            "--tls-key-file", identity.key, "--tls-ca-cert-file", authority.own.certificate,
            "--tls-auth-clients", wantsClientCertificate ? "yes" : "no",
        ]
    }
}

/// Lends a server to the body, and closes it however the body ends.
public func withRedisServer<T>(
    arguments: [String] = [],
    tcp: Bool = false,
    tls: ServerTLS? = nil,
    environment: [String: String] = [:],
    isolation: isolated (any Actor)? = #isolation,
    _ body: (RedisServer) async throws -> T
) async throws -> T {
    let server = try await RedisServer.start(arguments: arguments, tcp: tcp, tls: tls, environment: environment)
    do {
        let result = try await body(server)
        await server.close()
        return result
    } catch {
        await server.close()
        throw error
    }
}
