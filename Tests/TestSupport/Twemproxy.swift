import Foundation

/// A real twemproxy in front of a server, on a port of 127.0.0.1: it knows only some commands, and hangs up over others.
///
/// It ends with the last reference to it.
public final class Twemproxy: Sendable {
    /// Where it listens.
    public let port: Int
    private let home: TemporaryDirectory
    private let process: RunningProcess

    /// Starts one, and waits until it listens.
    ///
    /// A test that needs it fails where there is none: `deploy/test` installs it.
    public static func start(before server: Int) async throws -> Twemproxy {
        guard let program = Executable.find("nutcracker") ?? Executable.find("/usr/sbin/nutcracker") else {
            throw TestSupportError("There is no twemproxy. Install the package nutcracker; nothing starts its service.")
        }
        let home = try TemporaryDirectory()
        let (port, statistics) = (try FreePort.find(), try FreePort.find())
        let lines = [
            "pool:", "  listen: 127.0.0.1:\(port)", "  redis: true", "  servers:", "    - 127.0.0.1:\(server):1",
        ]
        let file = try home.write(lines.joined(separator: "\n") + "\n", to: "nutcracker.yml")
        let process = try await RunningProcess.start(
            program,
            ["-c", file, "-a", "127.0.0.1", "-s", "\(statistics)"],
            directory: home.path
        )
        try await eventually("twemproxy to listen") {
            if let termination = process.termination {
                throw TestSupportError("twemproxy ended (\(termination)): \(process.standardError)")
            }
            return FreePort.isTaken(port)
        }
        return Twemproxy(port: port, home: home, process: process)
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
