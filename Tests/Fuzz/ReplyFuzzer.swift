// Not a test of the package: `deploy/fuzz` compiles it together with RedisClient, for libFuzzer to drive.
// Source: https://llvm.org/docs/LibFuzzer.html

/// What a server might send: read whole and in pieces, by the parser alone and by a connection's link.
///
/// The first byte is how many commands were sent, the second how large the pieces are. Whatever the rest is, it must be
/// taken for the same replies both times, or be refused with a typed error, in bounded memory and without a crash.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzReplies(_ start: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    guard size > 2 else { return 0 }
    let commands = 1 + Int(start[0] % 16)
    let piece = 1 + Int(start[1])
    let stream = Array(UnsafeBufferPointer(start: start + 2, count: size - 2))
    do {
        let whole = try parse(stream, piece: stream.count)
        let parts = try parse(stream, piece: piece)
        precondition(whole == parts, "the pieces make a difference")
        try exchange(stream, piece: piece, commands: commands)
        try greet(stream, piece: piece)
    } catch {
        preconditionFailure("an error of no known type: \(error)")
    }
    return 0
}

private let limits = ReplyLimits(bytes: 1 << 14, elements: 200)

/// The replies in a stream, as text; nil when it is refused.
private func parse(_ stream: [UInt8], piece: Int) throws -> [String]? {
    let parser = try ReplyParser(limits: limits)
    var rest = stream[...]
    do {
        while !rest.isEmpty {
            try rest.prefix(piece).withUnsafeBytes { try parser.feed($0) }
            rest = rest.dropFirst(piece)
        }
    } catch let error as RedisError {
        precondition(error.code == .protocolViolation && isPrintable(error.message))
        return nil
    }
    let replies = parser.take()
    var elements = 0
    let texts = replies.map { text($0, depth: 0, &elements) }
    precondition(elements <= limits.elements, "more elements than allowed")
    return texts
}

/// Asks a reply everything that it can be asked.
private func text(_ reply: Reply, depth: Int, _ elements: inout Int) -> String {
    precondition(depth <= 9, "nested too deeply")
    if let error = reply.error {
        precondition(isPrintable(error.message) && !error.message.isEmpty || reply.text == "")
    }
    precondition(reply.count == 0 || reply.kind == .array)
    precondition(reply.bytes.map { reply.equals($0) } ?? true)
    precondition(reply.withBytes(\.count) == reply.bytes?.count)
    let inner = reply.elements.map { element in
        elements += 1
        return text(element, depth: depth + 1, &elements)
    }
    precondition(inner.count == reply.count)
    return "\(reply.kind) \(reply.integer ?? 0) \(reply.text ?? "") \(inner)"
}

/// A connection's link to a peer that sends the stream, and hangs up.
private func exchange(_ stream: [UInt8], piece: Int, commands: Int) throws {
    let link = try Link(endpoint: .unix(path: "/peer"), transport: Tape(stream, piece: piece), limits: limits)
    var requests = CommandBuffer()
    for _ in 0..<commands { requests.append("PING") }
    do {
        while true {
            let replies = try link.exchange(requests, deadline: Deadline(after: .seconds(60)))
            precondition(replies.count == commands, "not one reply a command")
        }
    } catch let error as RedisError {
        precondition([.disconnected, .protocolViolation, .encryption, .server].contains(error.code))
        precondition(isPrintable(error.message))
    }
}

/// A greeting that the peer answers with the stream: a secret in it is in no error.
private func greet(_ stream: [UInt8], piece: Int) throws {
    let secret = "hunter2"
    let options = ConnectionOptions(endpoint: .unix(path: "/peer"), username: "app", database: 1)
    let greeting = Greeting(options, password: secret)
    let link = try Link(endpoint: options.endpoint, transport: Tape(stream, piece: piece), limits: limits)
    do {
        let replies = try link.exchange(greeting.commands, deadline: Deadline(after: .seconds(60)))
        _ = try greeting.check(replies)
    } catch {
        guard let error = greeting.refusal(error) as? RedisError else { throw error }
        precondition(error.outcome == .notExecuted)
        precondition(!error.message.contains(secret), "the password is in an error")
    }
}

private func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
}

/// A transport that gives a fixed stream in pieces, takes whatever is written, and ends.
private final class Tape: Transport, @unchecked Sendable {
    let descriptor: Int32 = -1
    private var rest: ArraySlice<UInt8>
    private let piece: Int

    init(_ stream: [UInt8], piece: Int) {
        rest = stream[...]
        self.piece = piece
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult {
        guard !rest.isEmpty else { return .closed }
        let next = rest.prefix(min(piece, buffer.count))
        buffer.copyBytes(from: next)
        rest = rest.dropFirst(next.count)
        return .moved(next.count)
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> TransportResult { .moved(bytes.count) }
}
