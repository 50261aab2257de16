import Glibc

/// One reply of a server: a view into the buffer that holds all replies of a pipeline.
///
/// Nothing is copied until it is asked for, so that a pipeline of a thousand hashes costs no allocation an element.
public struct Reply: Sendable {
    /// What RESP2 can answer.
    public enum Kind: UInt8, Sendable, Equatable {
        /// A bulk string.
        case string
        /// A simple string such as `OK`.
        case status
        /// An error.
        case error
        /// A 64-bit integer.
        case integer
        /// The null bulk string or null array.
        case null
        /// An array.
        case array
    }

    // Inlinable, so that what reads millions of elements pays no call for each.
    @usableFromInline let storage: ReplyStorage
    @usableFromInline let node: Int

    @inlinable
    init(storage: ReplyStorage, node: Int) {
        self.storage = storage
        self.node = node
    }

    /// Null, in the place of a reply that says the same in another way.
    public static let null = Reply(
        storage: ReplyStorage(nodes: [.init(number: 0, offset: 0, length: 0, end: 1, kind: .null)], bytes: []),
        node: 0
    )

    /// What it is.
    @inlinable public var kind: Kind { storage.nodes[node].kind }

    /// Whether it is null: no such key or field, or a transaction that was refused.
    @inlinable public var isNull: Bool { kind == .null }

    /// The integer, if it is one.
    @inlinable public var integer: Int64? {
        kind == .integer ? storage.nodes[node].number : nil
    }

    /// The bytes of a string or status, if it is one.
    @inlinable public var bytes: Bytes? {
        switch kind {
        case .string, .status: return storage.withContent(of: node) { Bytes($0) }
        default: return nil
        }
    }

    /// The text of a string, status or error, with invalid UTF-8 repaired, if it is one.
    public var text: String? {
        switch kind {
        case .string, .status, .error: return storage.withContent(of: node) { String(decoding: $0, as: UTF8.self) }
        default: return nil
        }
    }

    /// The failure that an error reply stands for, if it is one.
    public var error: RedisError? {
        kind == .error ? RedisError(serverReply: text ?? "") : nil
    }

    /// How many elements an array has; 0 for everything else.
    @inlinable public var count: Int {
        kind == .array ? Int(storage.nodes[node].number) : 0
    }

    /// The first element of an array that is an error, if any.
    public var firstErrorOfElements: RedisError? {
        guard kind == .array else { return nil }
        var position = node + 1
        for _ in 0..<count {
            if storage.nodes[position].kind == .error { return Reply(storage: storage, node: position).error }
            position = Int(storage.nodes[position].end)
        }
        return nil
    }

    /// The elements of an array, in order; none for everything else.
    @inlinable public var elements: Elements {
        Elements(storage: storage, next: node + 1, remaining: count)
    }

    /// An element of an array; nil where there is none.
    public func element(at index: Int) -> Reply? {
        guard index < count else { return nil }
        var position = node + 1
        for _ in 0..<index { position = Int(storage.nodes[position].end) }
        return Reply(storage: storage, node: position)
    }

    /// Whether an array has no element that is not null.
    public var hasOnlyNulls: Bool {
        var position = node + 1
        for _ in 0..<count {
            guard storage.nodes[position].kind == .null else { return false }
            position = Int(storage.nodes[position].end)
        }
        return true
    }

    /// The bytes of the first elements of an array, of at most so many; nil for what is no string.
    public func bytes(ofFirst most: Int) -> [Bytes?] {
        let count = Swift.min(count, most)
        var position = node + 1
        var all: [Bytes?] = []
        all.reserveCapacity(count)
        for _ in 0..<count {
            all.append(Reply(storage: storage, node: position).bytes)
            position = Int(storage.nodes[position].end)
        }
        return all
    }

    /// Whether it says the same as another, element for element and byte for byte.
    public func hasContent(of other: Reply) -> Bool {
        storage.hasContent(of: node, as: other.node, in: other.storage)
    }

    /// Whether it is the string or status with these bytes.
    public func equals(_ expected: Bytes) -> Bool {
        expected.withUnsafeBytes(equals)
    }

    /// Whether it is the string or status with these bytes.
    public func equals(_ expected: ArraySlice<UInt8>) -> Bool {
        expected.withUnsafeBytes(equals)
    }

    private func equals(_ expected: UnsafeRawBufferPointer) -> Bool {
        withBytes { content in
            guard expected.count == content.count else { return false }
            guard let one = expected.baseAddress, let other = content.baseAddress else { return true }
            return memcmp(one, other, content.count) == 0
        } ?? false
    }

    /// Whether it is the string or status with these bytes.
    public func equals(_ expected: StaticString) -> Bool {
        withBytes { content in
            expected.utf8CodeUnitCount == content.count
                && content.elementsEqual(UnsafeRawBufferPointer(start: expected.utf8Start, count: content.count))
        } ?? false
    }

    /// Calls a function with the bytes of a string or status, without a copy; nil if it is neither.
    @inlinable
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result? {
        switch kind {
        case .string, .status: return try storage.withContent(of: node, body)
        default: return nil
        }
    }

    /// The reply itself, or the error it stands for.
    @inlinable
    public func unlessError() throws -> Reply {
        if kind == .error, let error { throw error }
        return self
    }

    /// The elements of an array reply.
    public struct Elements: Sequence, IteratorProtocol, Sendable {
        @usableFromInline let storage: ReplyStorage
        @usableFromInline var position: Int
        @usableFromInline var remaining: Int

        @inlinable
        init(storage: ReplyStorage, next: Int, remaining: Int) {
            self.storage = storage
            position = next
            self.remaining = remaining
        }

        /// How many are left.
        public var underestimatedCount: Int { remaining }

        /// The next element.
        @inlinable
        public mutating func next() -> Reply? {
            guard remaining > 0 else { return nil }
            remaining -= 1
            let node = position
            position = Int(storage.nodes[node].end)
            return Reply(storage: storage, node: node)
        }
    }
}

/// The replies of one pipeline, in the order of its commands.
public struct Replies: Sendable, RandomAccessCollection {
    /// One reference, since slices of it are made for every key.
    private let list: List

    private final class List: Sendable {
        let storage: ReplyStorage
        let roots: [Int]
        /// Replies of several pipelines; nil for those of one, which need no array of views.
        let gathered: [Reply]?

        init(storage: ReplyStorage, roots: [Int], gathered: [Reply]? = nil) {
            self.storage = storage
            self.roots = roots
            self.gathered = gathered
        }
    }

    /// No replies, to no commands.
    init() {
        self.init(storage: ReplyStorage(nodes: [], bytes: []), roots: [])
    }

    init(storage: ReplyStorage, roots: [Int]) {
        list = List(storage: storage, roots: roots)
    }

    /// Replies from several pipelines, or the elements of an array, as one list.
    public init(gathered: [Reply]) {
        list = List(storage: ReplyStorage(nodes: [], bytes: []), roots: [], gathered: gathered)
    }

    /// The first position.
    public var startIndex: Int { 0 }
    /// One past the last position.
    public var endIndex: Int { list.gathered?.count ?? list.roots.count }
    /// The reply to the command at a position.
    public subscript(position: Int) -> Reply {
        list.gathered?[position] ?? Reply(storage: list.storage, node: list.roots[position])
    }

    /// The first replies, and the others.
    public func split(at position: Int) -> (Replies, Replies) {
        if let gathered = list.gathered {
            return (Replies(gathered: Array(gathered[..<position])), Replies(gathered: Array(gathered[position...])))
        }
        return (
            Replies(storage: list.storage, roots: Array(list.roots[..<position])),
            Replies(storage: list.storage, roots: Array(list.roots[position...]))
        )
    }

    /// The first error among them, if any.
    public var firstError: RedisError? { firstError(in: startIndex..<endIndex) }

    /// The first error among those at some positions that fits a condition, if any.
    ///
    /// It looks at the kinds alone, so that many replies without an error cost little.
    public func firstError(in positions: Range<Int>, where fits: (RedisError) -> Bool = { _ in true }) -> RedisError? {
        for position in positions where isError(at: position) {
            if let error = self[position].error, fits(error) { return error }
        }
        return nil
    }

    private func isError(at position: Int) -> Bool {
        if let gathered = list.gathered { return gathered[position].kind == .error }
        return list.storage.nodes[list.roots[position]].kind == .error
    }

    /// The replies themselves, or the first error among them.
    public func unlessError() throws -> Replies {
        if let firstError { throw firstError }
        return self
    }
}
