import Foundation
import TestSupport
import Testing

@Suite("At a question")
struct QuestionTests {
    /// A command that asks, on a terminal of its own; afterwards a shell there shows how it ended and how the terminal is.
    private func onTerminal(_ stage: Stage, _ command: String, pipe: InputPipe) async throws -> RunningProcess {
        let program = try ProductPath.find("migrateredis")
        return try await RunningProcess.start(
            "/usr/bin/script",
            [
                "--quiet", "--flush", "--command",
                "trap : INT; stty -a; \(program) \(command); echo status=$?; stty -a",
                "/dev/null",
            ],
            environment: stage.address.merging(["SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"]) { $1 },
            directory: stage.server.directory,
            pipe: pipe
        )
    }

    @Test("Ctrl-C ends it at once, with 75 and a sentence, and leaves the terminal as it was")
    func interrupt() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let pipe = try InputPipe()
            let before = try await stage.snapshot(withBookkeeping: true)
            let screen = try await onTerminal(stage, "apply 001", pipe: pipe)
            try await screen.waitForOutput(containing: "[y/N]", timeout: .seconds(30))
            // Half an answer is none. No Enter follows the interrupt until the program is gone.
            try pipe.send("y\u{3}")
            try await screen.waitForOutput(containing: "status=", timeout: .seconds(10))
            _ = try await screen.waitForExit(timeout: .seconds(10))
            let output = screen.standardOutput
            #expect(output.contains("status=75"), "\(output)")
            #expect(output.contains("Interrupted instead of an answer: nothing was done."), "\(output)")
            let settings = output.split(whereSeparator: \.isNewline).filter {
                $0.contains("icanon") || $0.contains("isig")
            }
            #expect(
                settings.count > 1
                    && settings.prefix(settings.count / 2).elementsEqual(settings.suffix(settings.count / 2))
            )
            #expect(try await stage.snapshot(withBookkeeping: true) == before)
        }
    }

    @Test("an answer that is typed on a terminal counts")
    func answer() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let pipe = try InputPipe()
            let screen = try await onTerminal(stage, "apply 001", pipe: pipe)
            try await screen.waitForOutput(containing: "[y/N]", timeout: .seconds(30))
            try pipe.send("y\n")
            try await screen.waitForOutput(containing: "status=0", timeout: .seconds(20))
            _ = try await screen.waitForExit(timeout: .seconds(10))
            #expect(try await stage.phase() == "applied")
        }
    }

    @Test("SIGTERM ends it at once, with 75, where no terminal is either")
    func terminated() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let pipe = try InputPipe()
            let process = try await stage.start("apply", "001", pipe: pipe)
            try await process.waitForOutput(containing: "[y/N]", timeout: .seconds(30))
            process.signal(SIGTERM)
            #expect(try await process.waitForExit(timeout: .seconds(5)) == .exited(75))
            #expect(process.standardError.contains("nothing was done"), "\(process.standardError)")
            #expect(try await stage.phase() == nil)
            withExtendedLifetime(pipe) {}
        }
    }
}
