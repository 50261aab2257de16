import FoundationEssentials
import MigrationKit
import Programs
import Reconciler
import RedisClient

/// Shows the status again and again until it is interrupted: on a terminal in place, else a line for each change.
struct StatusWatch {
    let wiring: Wiring
    let terminal: Terminal
    /// One look.
    let look: (Session) async throws -> StatusDocument
    /// What is shown where a look failed.
    let failed: (any Error) -> StatusDocument

    func run() async throws {
        let interruption = Interruption.begin()
        var keyspace: (any Keyspace)?
        var rates: [String: WatchRate] = [:]
        var drawn = 0
        var told = ""
        while !interruption.isRequested {
            let document: StatusDocument
            do {
                let current: any Keyspace
                if let keyspace, await !keyspace.isClosed {
                    current = keyspace
                } else {
                    current = try await wiring.connection(clientName: "migrateredis").openKeyspace()
                }
                keyspace = current
                document = try await look(
                    Session(wiring: wiring, keyspace: current, interruption: interruption, terminal: terminal)
                )
            } catch {
                keyspace = nil
                document = failed(error)
            }
            note(document, in: &rates)
            if let width = terminal.outputWidth {
                let screen = WatchScreen(width: width, hasColor: Self.hasColor)
                let lines = screen.lines(document, rates: rates)
                terminal.draw(lines, over: drawn)
                drawn = lines.count
            } else {
                let line = WatchScreen.plain(document, rates: [:])
                if line != told { terminal.print(line) }
                told = line
            }
            let next = ContinuousClock.now + .seconds(1)
            while ContinuousClock.now < next, !interruption.isRequested { try await Task.sleep(for: .milliseconds(50)) }
        }
        await keyspace?.close()
    }

    private func note(_ document: StatusDocument, in rates: inout [String: WatchRate]) {
        for migration in document.migrations {
            guard migration.phase == .applying, let count = migration.progress?.processedItems else {
                rates[migration.name] = nil
                continue
            }
            var rate = rates[migration.name] ?? WatchRate(count, at: .now)
            rate.note(count, at: .now)
            rates[migration.name] = rate
        }
    }

    /// See https://no-color.org.
    private static var hasColor: Bool {
        ProcessInfo.processInfo.environment["NO_COLOR"].map(\.isEmpty) ?? true
    }
}
