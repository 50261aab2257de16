import Foundation

/// What became of a program that ran to its end.
public struct ProcessResult: Sendable, CustomStringConvertible {
    /// All that it wrote to standard output.
    public var standardOutput: String
    /// All that it wrote to standard error.
    public var standardError: String
    /// How it ended.
    public var termination: Termination
    /// Whether it was killed because its time was over.
    public var timedOut: Bool

    /// The exit status; nil when a signal ended it.
    public var exitStatus: Int32? {
        if case .exited(let status) = termination { status } else { nil }
    }

    /// The signal that ended it, if one did.
    public var signal: Int32? {
        if case .signaled(let number) = termination { number } else { nil }
    }

    /// All of it, for the message of a failed test.
    public var description: String {
        "\(termination)\(timedOut ? " at the time-out" : "")\n-- output:\n\(standardOutput)\n-- error:\n\(standardError)"
    }
}

/// Runs programs to their end.
public enum ProcessRunner {
    /// Runs a program with the given standard input, and kills it when the time is over or the task is cancelled.
    ///
    /// The arguments are those of ``RunningProcess/start(_:_:environment:directory:input:)``. A program that fails is a
    /// result, not an error; an error is one that cannot be started.
    public static func run(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        directory: String? = nil,
        input: String = "",
        timeout: Duration = .seconds(30)
    ) async throws -> ProcessResult {
        let process = try await RunningProcess.start(
            program,
            arguments,
            environment: environment,
            directory: directory,
            input: input
        )
        let deadline = ContinuousClock.now + timeout
        while process.termination == nil, ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(2))
        }
        let timedOut = process.termination == nil && process.signal(SIGKILL)
        let termination = try await process.waitForExit()
        return ProcessResult(
            standardOutput: process.standardOutput,
            standardError: process.standardError,
            termination: termination,
            timedOut: timedOut
        )
    }
}
