import Glibc
import RedisClient
import Synchronization

/// Where talk, questions and progress go: standard error, as data goes to standard output.
struct Terminal: Sendable {
    /// Whether a person watches standard error.
    let isInteractive = isatty(STDERR_FILENO) == 1
    /// Whether every question has been answered with yes beforehand.
    var saysYes = false

    /// Why data could not be written, if they could not.
    private static let lost = Mutex<Int32?>(nil)

    /// One line of talk.
    ///
    /// Whatever comes here was escaped where it was put together; this is the door through which all of it goes.
    func say(_ line: String) {
        write(SafeText.guarded(lines: line) + "\n", to: STDERR_FILENO)
    }

    /// One line of data.
    ///
    /// Whoever reads a file or a pipe takes the exit status for whether it is whole: see ``faultOfOutput``.
    func print(_ line: String) {
        guard let failure = write(SafeText.guarded(lines: line) + "\n", to: STDOUT_FILENO), failure != EPIPE else {
            return
        }
        Self.lost.withLock { $0 = failure }
    }

    /// In words, why data are missing from standard output; nil where all were written, or their reader has gone.
    static var faultOfOutput: String? {
        lost.withLock { $0 }.map { "Not all could be written to standard output: \(String(cString: strerror($0)))." }
    }

    /// Lines for people: on a terminal broken at words where they are wider than it, elsewhere as they are.
    func show(_ lines: [String]) {
        let width = outputWidth ?? .max
        for line in lines {
            for row in WrappedText.rows(of: line, width: width) { print(row) }
        }
    }

    /// Asks and waits for an answer; anything but yes, and no answer at all, is no.
    func confirms(_ question: String) -> Bool {
        guard !saysYes else {
            say(question + " [y/N] yes, by --yes")
            return true
        }
        write(SafeText.guarded(lines: question) + " [y/N] ", to: STDERR_FILENO)
        guard let answer = readLine() else {
            write("\n", to: STDERR_FILENO)
            return false
        }
        return ["y", "yes"].contains(answer.lowercased())
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
        write(text + "\u{1B}[J", to: STDOUT_FILENO)
    }

    private static func width(of descriptor: Int32) -> Int {
        var size = winsize()
        return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 10 ? Int(size.ws_col) : 80
    }

    /// Draws over the line in hand; nothing where nobody watches.
    func redraw(_ line: String) {
        guard isInteractive else { return }
        let width = Self.width(of: STDERR_FILENO)
        write("\r\u{1B}[K" + String(SafeText.guarded(line).prefix(width - 1)), to: STDERR_FILENO)
    }

    /// Removes the line that was drawn.
    func endLine() {
        guard isInteractive else { return }
        write("\r\u{1B}[K", to: STDERR_FILENO)
    }

    /// All of a text, or as much as its reader takes; then why not all.
    @discardableResult
    private func write(_ text: String, to descriptor: Int32) -> Int32? {
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
