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
        begin(words.count)
        for word in words { argument(word) }
    }

    /// Adds a command of a name alone.
    public mutating func append(_ name: StaticString) {
        begin(1)
        name.withUTF8Buffer { bulk($0) }
    }

    /// Adds a command with one argument of any bytes.
    public mutating func append(_ name: StaticString, _ first: Bytes) {
        begin(2)
        name.withUTF8Buffer { bulk($0) }
        argument(first)
    }

    /// Adds a command with a subcommand and one argument of any bytes.
    public mutating func append(_ name: StaticString, _ subcommand: StaticString, _ first: Bytes) {
        begin(3)
        name.withUTF8Buffer { bulk($0) }
        subcommand.withUTF8Buffer { bulk($0) }
        argument(first)
    }

    /// Adds a command with two arguments of any bytes.
    public mutating func append(_ name: StaticString, _ first: Bytes, _ second: Bytes) {
        begin(3)
        name.withUTF8Buffer { bulk($0) }
        argument(first)
        argument(second)
    }

    /// Adds a command with three arguments of any bytes.
    public mutating func append(_ name: StaticString, _ first: Bytes, _ second: Bytes, _ third: Bytes) {
        begin(4)
        name.withUTF8Buffer { bulk($0) }
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
        begin(arguments.count + 1)
        name.withUTF8Buffer { bulk($0) }
        for one in arguments { argument(one) }
    }

    /// Adds a command of so many arguments, which a function adds one by one: no list has to be made of them.
    public mutating func append(_ name: StaticString, argumentCount: Int, _ add: (inout Arguments) -> Void) {
        begin(argumentCount + 1)
        name.withUTF8Buffer { bulk($0) }
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

    /// Adds all commands of another pipeline.
    public mutating func append(contentsOf other: CommandBuffer) {
        bytes.append(contentsOf: other.bytes)
        count += other.count
    }

    private mutating func begin(_ argumentCount: Int) {
        count += 1
        header(UInt8(ascii: "*"), argumentCount)
    }

    private mutating func argument(_ text: String) {
        var text = text
        text.withUTF8 { bulk($0) }
    }

    private mutating func argument(_ argument: Bytes) {
        argument.withUnsafeBufferPointer { bulk($0) }
    }

    private mutating func bulk(_ content: UnsafeBufferPointer<UInt8>) {
        // One look at the room that there is for all that an argument takes: there are millions.
        bytes.append(addingCapacity: content.count + Self.longestFrame) { span in
            span.withUnsafeMutableBufferPointer { room, end in
                end = Self.header(UInt8(ascii: "$"), content.count, in: room, at: end)
                if let source = content.baseAddress, let base = room.baseAddress {
                    (base + end).update(from: source, count: content.count)
                }
                end += content.count
                room[end] = 13
                room[end + 1] = 10
                end += 2
            }
        }
    }

    private mutating func header(_ kind: UInt8, _ number: Int) {
        bytes.append(addingCapacity: Self.longestFrame) { span in
            span.withUnsafeMutableBufferPointer { room, end in
                end = Self.header(kind, number, in: room, at: end)
            }
        }
    }

    /// A kind, 19 digits, and two line ends.
    private static let longestFrame = 24

    /// Writes a header, and returns where it ends.
    private static func header(
        _ kind: UInt8,
        _ number: Int,
        in room: UnsafeMutableBufferPointer<UInt8>,
        at start: Int
    ) -> Int {
        room[start] = kind
        var digits = 1
        var rest = number / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        var place = start + digits
        rest = number
        for _ in 0..<digits {
            room[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
            place -= 1
        }
        room[start + digits + 1] = 13
        room[start + digits + 2] = 10
        return start + digits + 3
    }
}
