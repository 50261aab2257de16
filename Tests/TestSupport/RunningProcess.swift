import Foundation

/// A program that runs beside the test, such as a daemon. It is killed with the last reference to it.
public final class RunningProcess: Sendable {
    private let child: ChildProcess
    private let output: OutputPipe
    private let error: OutputPipe

    /// Starts a program: a path, or a name that is looked up in `PATH`.
    ///
    /// The environment is not the test's own, but the given one and the few variables that any program needs (`PATH`
    /// and its like). Standard input is the given text, or the pipe. With `unread` both outputs go into that, and
    /// nothing of them is seen here.
    public static func start(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        directory: String? = nil,
        input: String = "",
        pipe: InputPipe? = nil,
        unread: UnreadPipe? = nil
    ) async throws -> RunningProcess {
        let output = try OutputPipe()
        defer { close(output.writeEnd) }
        let error = try OutputPipe()
        defer { close(error.writeEnd) }
        let input = try inputFile(input)
        defer { close(input) }
        let child = try await ChildProcess.start(
            Launch(
                program: program,
                arguments: arguments,
                environment: ChildEnvironment.with(environment),
                directory: directory,
                input: pipe?.readEnd ?? input,
                output: unread?.writeEnd ?? output.writeEnd,
                error: unread?.writeEnd ?? error.writeEnd
            )
        )
        return RunningProcess(child: child, output: output, error: error)
    }

    private init(child: ChildProcess, output: OutputPipe, error: OutputPipe) {
        self.child = child
        self.output = output
        self.error = error
    }

    deinit {
        child.signal(SIGKILL)
    }

    /// The process id.
    public var pid: Int32 { child.pid }

    /// How it ended; nil while it runs.
    public var termination: Termination? { child.termination }

    /// What it has written to standard output so far.
    public var standardOutput: String { output.text }

    /// What it has written to standard error so far.
    public var standardError: String { error.text }

    /// Waits until its standard output or standard error contains the text, and gives that stream's whole text so far.
    ///
    /// Throws at the time-out, and at once when the process has ended without writing it; the message shows what it wrote.
    @discardableResult
    public func waitForOutput(containing text: String, timeout: Duration = .seconds(10)) async throws -> String {
        let deadline = ContinuousClock.now + timeout
        while true {
            // Asked before the look: what is written before the end is then seen in this round.
            let hasEnded = termination != nil
            if hasEnded {
                await output.waitForEnd()
                await error.waitForEnd()
            }
            for stream in [standardOutput, standardError] where stream.contains(text) {
                return stream
            }
            guard !hasEnded, ContinuousClock.now < deadline else {
                let why = hasEnded ? "It ended (\(String(describing: termination)))" : "Waited \(timeout)"
                throw TestSupportError("\(why) without “\(text)”. \(outputs)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Sends a signal; false when the process has ended already.
    @discardableResult
    public func signal(_ number: Int32) -> Bool {
        child.signal(number)
    }

    /// Waits for the end, and for the rest of the output; throws when it does not come in time.
    @discardableResult
    public func waitForExit(timeout: Duration = .seconds(10)) async throws -> Termination {
        guard let termination = try await child.waitForExit(timeout: timeout) else {
            throw TestSupportError("Process \(pid) has not ended in \(timeout). \(outputs)")
        }
        await output.waitForEnd()
        await error.waitForEnd()
        return termination
    }

    /// Ends it with SIGTERM and, when it is still there after the time-out, with SIGKILL. May be called again.
    @discardableResult
    public func stop(timeout: Duration = .seconds(5)) async -> Termination? {
        await child.end(after: timeout)
    }

    private var outputs: String {
        "Standard output:\n\(standardOutput)\nStandard error:\n\(standardError)"
    }
}

/// A file without a name that holds the text, for a child to read as its standard input.
///
/// A pipe would need a thread that fills it, and a signal handler for children that do not read.
private func inputFile(_ text: String) throws -> Int32 {
    let file = Spawner.unlessSpawning {
        var template = Array(TemporaryDirectory.template.utf8CString)
        let file = mkstemp(&template)
        unlink(template)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        return file
    }
    guard file >= 0 else {
        throw TestSupportError("No file for standard input: \(errorText(errno)).")
    }
    let bytes = Array(text.utf8)
    guard write(file, bytes, bytes.count) == bytes.count, lseek(file, 0, SEEK_SET) == 0 else {
        close(file)
        throw TestSupportError("Cannot fill the file for standard input: \(errorText(errno)).")
    }
    return file
}
