import CHiredis

/// What the reader's hooks write into: nodes and bytes, in the order of the wire.
final class ReplySink {
    /// One struct, so that an element costs one access to this object and not one for each of its parts.
    // Used by one thread, in calls from C that do not nest.
    @exclusivity(unchecked) private var content = Content()
    /// Where each complete reply begins.
    @exclusivity(unchecked) private(set) var roots: [Int] = []
    /// Why a hook has made hiredis stop.
    private(set) var refusal: String?
    @exclusivity(unchecked) private var nextRoot = 0
    @exclusivity(unchecked) private var elements = 0
    private let mostElements: Int

    init(mostElements: Int) {
        // Nodes are numbered with 32 bits.
        self.mostElements = min(mostElements, Int(Int32.max))
    }

    /// Notes that the reply that began at `nextRoot` is complete, and computes where each subtree ends.
    func finishRoot() {
        roots.append(nextRoot)
        nextRoot = content.setEnds(from: nextRoot)
    }

    /// The replies so far; the sink is empty afterwards.
    func take() -> Replies {
        let replies = Replies(storage: ReplyStorage(nodes: content.nodes, bytes: content.bytes), roots: roots)
        content = Content(expecting: content)
        roots = []
        nextRoot = 0
        elements = 0
        return replies
    }

    /// Nodes and bytes.
    private struct Content {
        var nodes: [ReplyStorage.Node] = []
        var bytes: [UInt8] = []

        init() {}

        /// Nothing yet, and room for as much as the last time: the next pipeline is most often like it.
        init(expecting last: Content) {
            nodes.reserveCapacity(min(last.nodes.count, Self.mostExpected))
            bytes.reserveCapacity(min(last.bytes.count, Self.mostExpected))
        }

        private static let mostExpected = 1 << 16

        /// Nodes are in pre-order, so children stand behind their parent: from the back, every child's end is known.
        /// Returns how many nodes there are.
        mutating func setEnds(from first: Int) -> Int {
            var index = nodes.count - 1
            while index >= first {
                if nodes[index].kind == .array {
                    var end = UInt32(index + 1)
                    for _ in 0..<nodes[index].number { end = nodes[Int(end)].end }
                    nodes[index].end = end
                }
                index -= 1
            }
            return nodes.count
        }

        private mutating func append(_ content: UnsafeRawBufferPointer) {
            bytes.append(addingCapacity: content.count) { span in
                span.withUnsafeMutableBufferPointer { room, used in
                    guard let base = room.baseAddress, let source = content.baseAddress else { return }
                    UnsafeMutableRawPointer(base + used).copyMemory(from: source, byteCount: content.count)
                    used += content.count
                }
            }
        }

        mutating func add(_ kind: Reply.Kind, number: Int64, content: UnsafeRawBufferPointer?) {
            let offset = bytes.count
            if let content { append(content) }
            nodes.append(
                ReplyStorage.Node(
                    number: number,
                    offset: UInt32(offset),
                    length: UInt32(content?.count ?? 0),
                    end: UInt32(nodes.count + 1),
                    kind: kind
                )
            )
        }
    }

    private func add(_ kind: Reply.Kind, number: Int64 = 0, content: UnsafeRawBufferPointer? = nil) {
        self.content.add(kind, number: number, content: content)
    }

    private func addString(type: Int32, _ content: UnsafeRawBufferPointer) -> Bool {
        switch type {
        case REDIS_REPLY_ERROR:
            add(.error, content: content)
        case REDIS_REPLY_STATUS:
            add(.status, content: content)
        case REDIS_REPLY_STRING:
            // hiredis hands over a bulk string only once the two bytes behind it have arrived.
            guard let base = content.baseAddress, base.load(fromByteOffset: content.count, as: UInt8.self) == 13,
                base.load(fromByteOffset: content.count + 1, as: UInt8.self) == 10
            else {
                refusal = "a bulk string does not end in CRLF"
                return false
            }
            add(.string, content: content)
        default:
            refusal = Self.notRESP2
            return false
        }
        return true
    }

    private static let notRESP2 = "a type byte that RESP2 does not have"

    /// Deepest nesting of arrays.
    private static let mostLevels = 8

    private func addArray(_ count: Int, at task: redisReadTask) -> Bool {
        guard task.type == REDIS_REPLY_ARRAY else {
            refusal = Self.notRESP2
            return false
        }
        var level = 1
        var parent = task.parent
        while let outer = parent, level <= Self.mostLevels {
            level += 1
            parent = outer.pointee.parent
        }
        guard level <= Self.mostLevels else {
            refusal = "arrays nested more than \(Self.mostLevels) levels deep"
            return false
        }
        guard count <= mostElements - elements else {
            refusal = "more than \(mostElements) elements"
            return false
        }
        elements += count
        // Nothing is reserved for what the header only promises.
        add(.array, number: Int64(count))
        return true
    }

    /// RESP2's nulls are strings and arrays without a length.
    private func addNull(type: Int32) -> Bool {
        guard type != REDIS_REPLY_NIL else {
            refusal = Self.notRESP2
            return false
        }
        add(.null)
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

    /// The functions that hiredis calls for each element; there are no objects, so that none has to be freed.
    static var hooks: redisReplyObjectFunctions {
        var hooks = redisReplyObjectFunctions()
        chiredis_refuse_others(&hooks)
        hooks.createString = { task, text, length in
            guard let sink = ReplySink.sink(of: task), let task else { return nil }
            let content = UnsafeRawBufferPointer(start: text, count: length)
            return sink.addString(type: task.pointee.type, content) ? ReplySink.made(task) : nil
        }
        hooks.createArray = { task, count in
            guard let sink = ReplySink.sink(of: task), let task, sink.addArray(Int(count), at: task.pointee) else {
                return nil
            }
            return ReplySink.made(task)
        }
        hooks.createInteger = { task, number in
            ReplySink.sink(of: task)?.add(.integer, number: number)
            return ReplySink.made(task)
        }
        hooks.createNil = { task in
            guard let sink = ReplySink.sink(of: task), let task, sink.addNull(type: task.pointee.type) else {
                return nil
            }
            return ReplySink.made(task)
        }
        hooks.freeObject = { _ in }
        return hooks
    }
}
