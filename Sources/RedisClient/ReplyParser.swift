import CHiredis

/// An incremental RESP2 parser over hiredis' reader, with limits.
///
/// hiredis accepts an array of 2^31 − 1 elements and a bulk string of 2^63 − 1 bytes at their headers, a line without
/// end, and any two bytes behind a bulk string: all four are refused here, and so is what is nested deeper than 8 levels,
/// which hiredis 0.14 refuses itself. Used by one connection, on its thread only; of no more use once it has thrown.
/// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
final class ReplyParser {
    // Used by the connection's thread only, in calls that do not nest.
    @exclusivity(unchecked) private var reader: UnsafeMutablePointer<redisReader>
    private let hooks: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let sink: ReplySink
    private let limits: ReplyLimits
    /// Bytes of this pipeline's replies so far.
    @exclusivity(unchecked) private var received = 0

    /// How many of them are expected at most.
    @exclusivity(unchecked) private var expected = Int.max

    /// Longest status, error or header. hiredis looks for a line's end from its beginning whenever bytes come, which
    /// takes time by the square of its length.
    static let longestLine = 1 << 16
    /// A reader whose buffer may have grown beyond this is not kept.
    private static let keptBuffer = 1 << 20

    init(limits: ReplyLimits) throws {
        var limits = limits
        limits.bytes = min(limits.bytes, Int(Int32.max))
        self.limits = limits
        sink = ReplySink(mostElements: limits.elements)
        hooks = .allocate(capacity: 1)
        hooks.initialize(to: ReplySink.hooks)
        guard let reader = Self.makeReader(hooks, sink) else {
            hooks.deallocate()
            throw RedisError(.unreachable, "There is no memory for a reply reader.", outcome: .notExecuted)
        }
        self.reader = reader
    }

    deinit {
        redisReaderFree(reader)
        hooks.deallocate()
    }

    /// How many complete replies there are.
    var count: Int { sink.roots.count }

    /// Whether no byte of a further reply has come.
    var isBetweenReplies: Bool {
        reader.pointee.pos == reader.pointee.len && task.isUntouched
    }

    /// Says how many bytes the replies have at most that come next; nil for as many as the limits allow.
    func expect(_ bytes: Int?) {
        expected = bytes ?? .max
    }

    /// Adds bytes from the peer and parses as many replies as are complete.
    func feed(_ bytes: UnsafeRawBufferPointer) throws {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        received += bytes.count
        guard received <= limits.bytes else {
            throw violation("it has more than \(limits.bytes) bytes")
        }
        guard received <= expected else { throw excess }
        for start in stride(from: 0, to: bytes.count, by: Self.portion) {
            try parse(base + start, count: min(Self.portion, bytes.count - start))
        }
        try checkUnfinished()
    }

    /// hiredis moves what it has not parsed yet to the front of its buffer after every kibibyte: of little that is little.
    private static let portion = 1 << 12

    private func parse(_ bytes: UnsafeRawPointer, count: Int) throws {
        let fed = redisReaderFeed(reader, bytes.assumingMemoryBound(to: CChar.self), count)
        guard fed == REDIS_OK else { throw violation(readersWord) }
        while true {
            var reply: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &reply) == REDIS_OK else {
                throw violation(sink.refusal ?? readersWord)
            }
            guard reply != nil else { break }
            sink.finishRoot()
        }
    }

    /// The replies so far; the parser is empty afterwards.
    func take() -> Replies {
        // hiredis never gives memory back. A new reader costs nothing beside the replies that made the old one big.
        if received > Self.keptBuffer, isBetweenReplies, let fresh = Self.makeReader(hooks, sink) {
            redisReaderFree(reader)
            reader = fresh
        }
        received = 0
        return sink.take()
    }

    /// Refuses what is not complete and cannot become a reply within the limits.
    private func checkUnfinished() throws {
        let unread = reader.pointee.len - reader.pointee.pos
        guard unread > 0, let buffer = reader.pointee.buf else { return }
        let rest = UnsafeRawBufferPointer(start: buffer + reader.pointee.pos, count: unread)
        if task.isBulk, let length = Self.bulkLength(rest.prefix(24)) {
            guard length <= limits.bytes - (received - unread) else {
                throw violation("a bulk string of \(length) bytes, where all may have \(limits.bytes)")
            }
            guard length <= expected - (received - unread) else { throw excess }
        } else if unread > Self.longestLine {
            throw violation("a line of more than \(Self.longestLine) bytes")
        }
    }

    /// The number in a bulk string's header, if the whole header is there; hiredis has found it valid by then.
    private static func bulkLength(_ header: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard let end = header.firstIndex(of: 13), header[end...].dropFirst().first == 10 else { return nil }
        return Int(String(decoding: header[..<end], as: UTF8.self))
    }

    /// What hiredis is reading.
    private var task: (isBulk: Bool, isUntouched: Bool) {
        guard let type = chiredis_task(reader)?.pointee.type else { return (false, true) }
        return (isBulk: type == REDIS_REPLY_STRING, isUntouched: reader.pointee.ridx == 0 && type < 0)
    }

    private var readersWord: String {
        withUnsafeBytes(of: reader.pointee.errstr) { text in
            String(decoding: text.prefix(while: { $0 != 0 }), as: UTF8.self)
        }
    }

    private func violation(_ detail: String) -> RedisError {
        RedisError(
            .protocolViolation,
            "The server's reply is not valid RESP2 (\(detail)); is this address a Redis server?",
            outcome: .unknown
        )
    }

    /// More than what was asked for explains: nothing is wrong with the peer.
    private var excess: RedisError {
        RedisError(
            .replyTooLarge,
            "The replies to one request have more than \(expected) bytes, far more than the sizes explain that the server tells.",
            outcome: .unknown
        )
    }

    private static func makeReader(
        _ hooks: UnsafeMutablePointer<redisReplyObjectFunctions>,
        _ sink: ReplySink
    ) -> UnsafeMutablePointer<redisReader>? {
        guard let reader = redisReaderCreateWithFunctions(hooks) else { return nil }
        // Else hiredis frees its buffer after every reply of more than 16 KiB, only to make it again.
        reader.pointee.maxbuf = 0
        // Not retained: the parser owns both.
        reader.pointee.privdata = Unmanaged.passUnretained(sink).toOpaque()
        return reader
    }
}
