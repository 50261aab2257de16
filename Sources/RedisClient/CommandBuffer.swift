/// A command's argument or a key: any bytes.
public typealias Bytes = [UInt8]

extension Bytes {
    /// The UTF-8 bytes of a text.
    public init(_ text: String) {
        self = Array(text.utf8)
    }
}

/// A pipeline of commands, encoded as RESP arrays of bulk strings into one buffer.
///
/// Encoding is ours rather than `redisFormatCommandArgv`'s: that allocates a string a command, and a pipeline has
/// thousands. Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
public struct CommandBuffer: Sendable {
    /// The encoded commands.
    private(set) var bytes: [UInt8] = []
    /// How many commands there are.
    public private(set) var count = 0

    /// How many bytes the replies have at most, by what is known of the keys that are asked about; nil where nothing is known.
    /// More of them end the connection, with `replyTooLarge`.
    public private(set) var replyBytes: Int?

    /// An empty pipeline.
    public init() {}

    /// An empty pipeline with room for about so many bytes: one that grows is copied again and again.
    public init(reserving byteCount: Int) {
        bytes.reserveCapacity(byteCount)
    }

    /// Whether there is no command.
    public var isEmpty: Bool { count == 0 }

    /// The size in bytes on the wire.
    public var byteCount: Int { bytes.count }

    /// Calls a function with the encoded commands, without a copy.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes(body)
    }

    /// Adds a command of texts, such as `append("GET", "key")`.
    public mutating func append(_ words: String...) {
        append(words: words)
    }

    /// Adds a command of a list of texts: its name, then its arguments. The list must not be empty.
    public mutating func append(words: [String]) {
        // An empty command gets no reply at all: the pipeline would wait for one until its deadline.
        precondition(!words.isEmpty, "a command needs a name")
        count += 1
        write(atMost: Self.longestFrame) { Self.header(UInt8(ascii: "*"), words.count, at: &$0) }
        for var word in words { word.withUTF8 { bulk(UnsafeRawBufferPointer($0)) } }
    }

    /// Adds a command of a list of words: its name, then its arguments. The list must not be empty.
    public mutating func append(arguments words: [Bytes]) {
        precondition(!words.isEmpty, "a command needs a name")
        count += 1
        write(atMost: Self.longestFrame) { Self.header(UInt8(ascii: "*"), words.count, at: &$0) }
        for word in words { word.withUnsafeBytes { bulk($0) } }
    }

    /// Adds a command of a name alone.
    public mutating func append(_ name: StaticString) {
        begin(1, name)
    }

    /// Adds a command with one argument of any bytes.
    public mutating func append(_ name: StaticString, _ first: Bytes) {
        begin(2, name)
        argument(first)
    }

    /// Adds a command with a subcommand and one argument of any bytes.
    public mutating func append(_ name: StaticString, _ subcommand: StaticString, _ first: Bytes) {
        begin(3, name)
        bulk(UnsafeRawBufferPointer(start: subcommand.utf8Start, count: subcommand.utf8CodeUnitCount))
        argument(first)
    }

    /// Adds a command with two arguments of any bytes.
    public mutating func append(_ name: StaticString, _ first: Bytes, _ second: Bytes) {
        begin(3, name)
        argument(first)
        argument(second)
    }

    /// Adds a command with three arguments of any bytes.
    public mutating func append(_ name: StaticString, _ first: Bytes, _ second: Bytes, _ third: Bytes) {
        begin(4, name)
        argument(first)
        argument(second)
        argument(third)
    }

    /// Adds a command: its name, then arguments of any bytes.
    public mutating func append(_ name: StaticString, _ arguments: Bytes...) {
        append(name, arguments)
    }

    /// Adds a command: its name, then a list of arguments of any bytes.
    public mutating func append(_ name: StaticString, _ arguments: [Bytes]) {
        begin(arguments.count + 1, name)
        for one in arguments { argument(one) }
    }

    /// Adds a command of so many arguments, which a function adds one by one: no list has to be made of them.
    public mutating func append(_ name: StaticString, argumentCount: Int, _ add: (inout Arguments) -> Void) {
        begin(argumentCount + 1, name)
        var arguments = Arguments(buffer: self, missing: argumentCount)
        self = CommandBuffer()
        add(&arguments)
        precondition(arguments.missing == 0, "a command has as many arguments as were announced")
        self = arguments.buffer
    }

    /// The arguments of one command, as they are added.
    public struct Arguments {
        fileprivate var buffer: CommandBuffer
        fileprivate var missing: Int

        /// Adds one of any bytes.
        public mutating func add(_ argument: Bytes) {
            buffer.argument(argument)
            missing -= 1
        }
    }

    /// Says that so many bytes are expected besides those that were announced before.
    public mutating func expect(replyBytes more: Int) {
        let (sum, overflows) = (replyBytes ?? 0).addingReportingOverflow(more)
        replyBytes = overflows ? .max / 2 : min(sum, .max / 2)
    }

    /// Adds all commands of another pipeline, and what it expects.
    public mutating func append(contentsOf other: CommandBuffer) {
        if let more = other.replyBytes { expect(replyBytes: more) }
        bytes.append(contentsOf: other.bytes)
        count += other.count
    }

    // MARK: Telling

    /// The name and the first argument of one of the commands, of which nobody but an error message wants to know; empty
    /// where there is none.
    public func beginning(ofCommand index: Int) -> (name: Bytes, argument: Bytes) {
        var at = bytes.startIndex
        func number() -> Int {
            at += 1
            var value = 0
            while at < bytes.endIndex, bytes[at] != 13 {
                value = value * 10 + Int(bytes[at] - UInt8(ascii: "0"))
                at += 1
            }
            at += 2
            return value
        }
        func word() -> Bytes {
            let length = number()
            defer { at += length + 2 }
            return Bytes(bytes[at..<at + length])
        }
        guard index < count else { return ([], []) }
        for _ in 0..<index { for _ in 0..<number() { _ = word() } }
        let words = number()
        return (word(), words > 1 ? word() : [])
    }

    // MARK: Encoding

    /// Begins a command of so many words, of which its name is the first.
    private mutating func begin(_ words: Int, _ name: StaticString) {
        count += 1
        let content = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        write(atMost: 2 * Self.longestFrame + content.count) { end in
            Self.header(UInt8(ascii: "*"), words, at: &end)
            Self.bulk(content, at: &end)
        }
    }

    private mutating func argument(_ argument: Bytes) {
        argument.withUnsafeBytes { bulk($0) }
    }

    private mutating func bulk(_ content: UnsafeRawBufferPointer) {
        write(atMost: Self.longestFrame + content.count) { Self.bulk(content, at: &$0) }
    }

    /// Lets a function write at the end, which it moves: one look at the room that there is for all of it.
    @inline(__always)
    private mutating func write(atMost size: Int, _ body: (inout UnsafeMutablePointer<UInt8>) -> Void) {
        bytes.append(addingCapacity: size) { span in
            span.withUnsafeMutableBufferPointer { room, used in
                guard let base = room.baseAddress else { return }
                var end = base + used
                body(&end)
                used = end - base
            }
        }
    }

    /// A kind, 19 digits, and two line ends.
    private static let longestFrame = 24

    @inline(__always)
    private static func bulk(_ content: UnsafeRawBufferPointer, at end: inout UnsafeMutablePointer<UInt8>) {
        header(UInt8(ascii: "$"), content.count, at: &end)
        if let source = content.baseAddress {
            UnsafeMutableRawPointer(end).copyMemory(from: source, byteCount: content.count)
        }
        end += content.count
        lineEnd(at: &end)
    }

    @inline(__always)
    private static func header(_ kind: UInt8, _ number: Int, at end: inout UnsafeMutablePointer<UInt8>) {
        end[0] = kind
        end += 1
        // Most arguments are short: two digits need no loop.
        switch number {
        case 0..<10:
            end[0] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number)
            end += 1
        case 10..<100:
            let tens = UInt8(truncatingIfNeeded: number) / 10
            end[0] = UInt8(ascii: "0") &+ tens
            end[1] = UInt8(ascii: "0") &+ (UInt8(truncatingIfNeeded: number) &- tens &* 10)
            end += 2
        default:
            end += Decimal.write(number, at: end)
        }
        lineEnd(at: &end)
    }

    @inline(__always)
    private static func lineEnd(at end: inout UnsafeMutablePointer<UInt8>) {
        end[0] = 13
        end[1] = 10
        end += 2
    }
}
