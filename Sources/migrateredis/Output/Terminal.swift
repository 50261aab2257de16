import Glibc
import MigrationKit
import RedisClient
import Synchronization

/// Where talk, questions and progress go: standard error, as data goes to standard output.
struct Terminal: Sendable {
    /// Whether a person watches standard error.
    let isInteractive = isatty(STDERR_FILENO) == 1
    /// Whether every question has been answered with yes beforehand.
    var saysYes = false
    /// Whether only questions, warnings and errors are of interest.
    var isQuiet = false

    private struct Written {
        /// Why data could not be written, if they could not.
        var fault: Int32?
        /// How many pieces of data still wait for their reader.
        var waiting = 0
    }

    private static let data = Mutex(Written())

    /// Writes in our place: whoever reads neither talk nor data must not hold up work, and with it the lock.
    ///
    /// One for both, so that they keep their order where they go to the same place. Talk that nobody takes is dropped; data
    /// are waited for.
    private static let outlet = Outlet(name: "output", capacity: 1000, costLimit: 1 << 20) { dropped in
        _ = write("Nobody read this for a while: \(dropped) lines were dropped.\n", to: STDERR_FILENO)
    }

    /// One line of talk.
    ///
    /// Whatever comes here was escaped where it was put together; this is the door through which all of it goes.
    func say(_ line: String) {
        talk(SafeText.guarded(lines: line) + "\n")
    }

    /// One line of talk that nobody needs who knows what the command does.
    func remark(_ line: String) {
        guard !isQuiet else { return }
        say(line)
    }

    /// One line of data that says that all went well.
    func report(_ line: String) {
        guard !isQuiet else { return }
        print(line)
    }

    /// One line of data.
    ///
    /// Whoever reads a file or a pipe takes the exit status for whether it is whole: see ``faultOfOutput``.
    func print(_ line: String) {
        deliver(SafeText.guarded(lines: line) + "\n")
    }

    /// Waits until all is written: data for as long as their reader likes, unless the program is told to end; talk while
    /// somebody takes it.
    static func finish() {
        var lastDone = 0
        var lastMove = ContinuousClock.now
        outlet.finish { done in
            if done != lastDone { (lastDone, lastMove) = (done, .now) }
            if lastMove.duration(to: .now) < patience { return true }
            return !Interruption().isRequested && data.withLock { $0.waiting > 0 }
        }
        data.withLock { data in
            if data.waiting > 0, data.fault == nil { data.fault = EINTR }
        }
    }

    /// How long the program's end waits for a reader who reads nothing.
    private static let patience = Duration.seconds(2)

    /// In words, why data are missing from standard output; nil where all were written, or their reader has gone.
    static var faultOfOutput: String? {
        data.withLock { $0.fault }.map {
            "Not all could be written to standard output: \(String(cString: strerror($0)))."
        }
    }

    /// Lines for people: on a terminal broken at words where they are wider than it, elsewhere as they are.
    func show(_ lines: [String]) {
        let width = outputWidth ?? .max
        for line in lines {
            for row in WrappedText.rows(of: line, width: width) { print(row) }
        }
    }

    /// Asks and waits for an answer; anything but yes, and no answer at all, is no.
    ///
    /// Errors: `interrupted` where the program is told to end instead.
    func confirms(_ question: String) throws -> Bool {
        guard !saysYes else {
            say(question + " [y/N] yes, by --yes")
            return true
        }
        talk(SafeText.guarded(lines: question) + " [y/N] ")
        Self.finish()
        guard let answer = try Self.line() else {
            talk("\n")
            return false
        }
        return ["y", "yes"].contains(answer.lowercased())
    }

    /// A line of standard input; nil at its end.
    ///
    /// Not by readLine(), which sleeps through signals: Ctrl-C would be heeded only after Enter.
    private static func line() throws -> String? {
        var bytes: [UInt8] = []
        while true {
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            let ready = poll(&input, 1, 100)
            if Interruption().isRequested {
                talk("\n")
                throw MigrationError(.interrupted, "Interrupted instead of an answer: nothing was done.")
            }
            guard ready > 0 else { continue }
            var byte: UInt8 = 0
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            // No answer is as long.
            guard count == 1, byte != UInt8(ascii: "\n"), bytes.count < 100 else {
                return count == 1 || !bytes.isEmpty ? String(decoding: bytes, as: UTF8.self) : nil
            }
            bytes.append(byte)
        }
    }

    /// The columns of the terminal that standard output goes to; nil where it goes elsewhere.
    var outputWidth: Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        return Self.width(of: STDOUT_FILENO)
    }

    /// Draws a picture on standard output over one of so many lines.
    func draw(_ lines: [String], over previous: Int) {
        var text = previous > 0 ? "\r\u{1B}[\(previous)A" : ""
        for line in lines { text += "\u{1B}[K\(line)\n" }
        deliver(text + "\u{1B}[J")
    }

    private static func width(of descriptor: Int32) -> Int {
        var size = winsize()
        return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 10 ? Int(size.ws_col) : 80
    }

    /// Draws over the line in hand; nothing where nobody watches.
    func redraw(_ line: String) {
        guard isInteractive, !isQuiet else { return }
        let width = Self.width(of: STDERR_FILENO)
        talk("\r\u{1B}[K" + String(SafeText.guarded(line).prefix(width - 1)))
    }

    /// Removes the line that was drawn.
    func endLine() {
        guard isInteractive else { return }
        talk("\r\u{1B}[K")
    }

    private func talk(_ text: String) { Self.talk(text) }

    private static func talk(_ text: String) {
        outlet.offer(cost: text.utf8.count) { _ = write(text, to: STDERR_FILENO) }
    }

    private func deliver(_ text: String) {
        Self.data.withLock { $0.waiting += 1 }
        let isTaken = Self.outlet.insist(cost: text.utf8.count, while: { !Interruption().isRequested }) {
            let failure = Self.write(text, to: STDOUT_FILENO)
            Self.data.withLock { data in
                data.waiting -= 1
                if let failure, failure != EPIPE { data.fault = failure }
            }
        }
        guard !isTaken else { return }
        Self.data.withLock { data in
            data.waiting -= 1
            data.fault = EINTR
        }
    }

    /// All of a text, or as much as its reader takes; then why not all.
    private static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
