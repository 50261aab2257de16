import Foundation

/// A real HAProxy in front of a server, on a port of 127.0.0.1; it ends with the last reference to it.
public final class HAProxy: Sendable {
    /// Where it listens.
    public let port: Int
    private let home: TemporaryDirectory
    private let process: RunningProcess

    /// Starts one that closes connections on which nobody has said anything for so many milliseconds, and waits until it
    /// listens. Without a server it has none behind it, and hangs up on everybody.
    ///
    /// A test that needs it fails where there is none: `deploy/test` installs it.
    public static func start(before server: Int?, idleMilliseconds: Int) async throws -> HAProxy {
        guard let program = Executable.find("haproxy") ?? Executable.find("/usr/sbin/haproxy") else {
            throw TestSupportError("There is no HAProxy. Install the package haproxy; nothing starts its service.")
        }
        let home = try TemporaryDirectory()
        let port = try FreePort.find()
        let lines = [
            "global", "  maxconn 200", "  stats socket \(home.file("stats")) level admin",
            "defaults", "  mode tcp", "  timeout connect 2s",
            "  timeout client \(idleMilliseconds)ms", "  timeout server \(idleMilliseconds)ms",
            "frontend redis", "  bind 127.0.0.1:\(port)", "  default_backend servers",
            "backend servers",
        ]
        let servers = server.map { ["  server one 127.0.0.1:\($0)"] } ?? []
        let file = try home.write((lines + servers).joined(separator: "\n") + "\n", to: "haproxy.cfg")
        let process = try await RunningProcess.start(program, ["-db", "-f", file], directory: home.path)
        try await eventually("HAProxy to listen") {
            if let termination = process.termination {
                throw TestSupportError("HAProxy ended (\(termination)): \(process.standardError)")
            }
            return access(home.file("stats"), F_OK) == 0
        }
        return HAProxy(port: port, home: home, process: process)
    }

    private init(port: Int, home: TemporaryDirectory, process: RunningProcess) {
        self.port = port
        self.home = home
        self.process = process
    }

    /// Ends it.
    public func stop() async {
        await process.stop()
    }
}
