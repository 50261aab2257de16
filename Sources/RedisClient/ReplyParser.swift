import CHiredis

/// An incremental RESP2 parser over hiredis' reader, with limits in its reply hooks.
///
/// hiredis accepts an array of 2^31 − 1 elements at its header and does not check the CRLF behind a bulk string; the
/// hooks refuse both. Nesting is bounded by hiredis itself (9 levels). Used by one connection, on its thread only.
final class ReplyParser {
    private let reader: UnsafeMutablePointer<redisReader>
    private let hooks: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let sink: ReplySink

    init(limits: ReplyLimits) throws {
        sink = ReplySink(limits: limits)
        hooks = .allocate(capacity: 1)
        hooks.initialize(to: ReplySink.hooks)
        guard let reader = redisReaderCreateWithFunctions(hooks) else {
            hooks.deallocate()
            throw RedisError(.protocolViolation, "No memory for the reply reader.", outcome: .notExecuted)
        }
        self.reader = reader
        // Keep the read buffer between pipelines; the limit on bytes bounds it.
        reader.pointee.maxbuf = 0
        reader.pointee.privdata = Unmanaged.passUnretained(sink).toOpaque()
    }

    deinit {
        redisReaderFree(reader)
        hooks.deallocate()
    }

    /// How many complete replies there are.
    var count: Int { sink.roots.count }

    /// Adds bytes from the peer and parses as many replies as are complete.
    func feed(_ bytes: UnsafeRawBufferPointer) throws {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        try sink.countBytes(bytes.count)
        let fed = redisReaderFeed(reader, base.assumingMemoryBound(to: CChar.self), bytes.count)
        guard fed == REDIS_OK else { throw violation() }
        while true {
            var reply: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &reply) == REDIS_OK else { throw violation() }
            guard reply != nil else { return }
            sink.finishRoot()
        }
    }

    /// The replies so far; the parser is empty afterwards.
    func take() -> Replies {
        sink.take()
    }

    private func violation() -> RedisError {
        let readersWord = withUnsafeBytes(of: reader.pointee.errstr) { text in
            String(decoding: text.prefix(while: { $0 != 0 }), as: UTF8.self)
        }
        let detail = sink.refusal ?? readersWord
        return RedisError(
            .protocolViolation,
            "The server's reply is not valid RESP2 (\(detail)); is this address a Redis server?",
            outcome: .unknown
        )
    }
}

/// What the reader's hooks write into: nodes and bytes, in the order of the wire.
private final class ReplySink {
    private var nodes: [ReplyStorage.Node] = []
    private var bytes: [UInt8] = []
    private(set) var roots: [Int] = []
    private(set) var refusal: String?
    private var nextRoot = 0
    private var received = 0
    private var elements = 0
    private let limits: ReplyLimits

    init(limits: ReplyLimits) {
        self.limits = limits
    }

    func countBytes(_ count: Int) throws {
        received += count
        guard received <= limits.bytes else {
            throw RedisError(
                .protocolViolation,
                "The server's replies exceed \(limits.bytes) bytes; the connection was closed.",
                outcome: .unknown
            )
        }
    }

    /// Notes that the reply that began at `nextRoot` is complete, and computes where each subtree ends.
    func finishRoot() {
        roots.append(nextRoot)
        setEnds(from: nextRoot)
        nextRoot = nodes.count
    }

    func take() -> Replies {
        let replies = Replies(storage: ReplyStorage(nodes: nodes, bytes: bytes), roots: roots)
        nodes = []
        bytes = []
        roots = []
        nextRoot = 0
        received = 0
        elements = 0
        return replies
    }

    /// Nodes are in pre-order, so children stand behind their parent: from the back, every child's end is known.
    private func setEnds(from first: Int) {
        var index = nodes.count - 1
        while index >= first {
            if nodes[index].kind == .array {
                var end = index + 1
                for _ in 0..<nodes[index].number { end = nodes[end].end }
                nodes[index].end = end
            }
            index -= 1
        }
    }

    fileprivate func add(_ kind: Reply.Kind, number: Int64 = 0, content: UnsafeRawBufferPointer? = nil) {
        let offset = bytes.count
        if let content { bytes.append(contentsOf: content) }
        nodes.append(
            ReplyStorage.Node(
                kind: kind,
                number: number,
                offset: offset,
                length: content?.count ?? 0,
                end: nodes.count + 1
            )
        )
    }

    fileprivate func addString(type: Int32, _ content: UnsafeRawBufferPointer) -> Bool {
        switch type {
        case REDIS_REPLY_ERROR:
            add(.error, content: content)
        case REDIS_REPLY_STATUS:
            add(.status, content: content)
        default:
            // hiredis hands over a bulk only once the two bytes behind it have arrived.
            guard let base = content.baseAddress, base.load(fromByteOffset: content.count, as: UInt8.self) == 13,
                base.load(fromByteOffset: content.count + 1, as: UInt8.self) == 10
            else {
                refusal = "a bulk string does not end in CRLF"
                return false
            }
            add(.string, content: content)
        }
        return true
    }

    fileprivate func addArray(_ count: Int32) -> Bool {
        elements += Int(count)
        guard elements <= limits.elements else {
            refusal = "more than \(limits.elements) elements"
            return false
        }
        add(.array, number: Int64(count))
        return true
    }

    private static func sink(of task: UnsafePointer<redisReadTask>?) -> ReplySink? {
        guard let privdata = task?.pointee.privdata else { return nil }
        return Unmanaged<ReplySink>.fromOpaque(privdata).takeUnretainedValue()
    }

    /// Any value but null tells hiredis that the object was made.
    private static func made(_ task: UnsafePointer<redisReadTask>?) -> UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(mutating: UnsafeRawPointer(task))
    }

    static let hooks = redisReplyObjectFunctions(
        createString: { task, text, length in
            guard let sink = sink(of: task), let task else { return nil }
            let content = UnsafeRawBufferPointer(start: text, count: length)
            return sink.addString(type: task.pointee.type, content) ? made(task) : nil
        },
        createArray: { task, count in
            guard let sink = sink(of: task), sink.addArray(count) else { return nil }
            return made(task)
        },
        createInteger: { task, number in
            sink(of: task)?.add(.integer, number: number)
            return made(task)
        },
        createNil: { task in
            sink(of: task)?.add(.null)
            return made(task)
        },
        freeObject: { _ in }
    )
}
