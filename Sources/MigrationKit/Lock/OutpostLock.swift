import RedisClient

/// What stands under the name of a lock of Outpost's own migrators.
///
/// They take it by `SET … NX PX` and know nothing of our lock or of the fence. So we wait for it, and hold it ourselves
/// while we hold ours.
public struct OutpostLock: Sendable, Equatable {
    /// Whose it is.
    public enum Holder: Sendable, Equatable {
        /// Nobody's.
        case nobody
        /// That of one of our programs, with this token. It follows our own lock: alone it is a leftover, and keeps nobody of
        /// ours out.
        case ours(token: String)
        /// Another tool's. Nothing of its value is shown: it may be what proves that the lock is its.
        case other(isString: Bool)
    }

    /// Its name.
    public var key: Bytes
    /// Whose it is.
    public var holder: Holder
    /// What it holds, or the beginning of that where it is longer than any document of ours; nil where that is no string.
    var bytes: Bytes?
    /// How long until it ends by itself; nil for never, and for a free one.
    public var timeToLive: Duration?

    /// What the replies to the questions about the lock say: its value, and its time to live.
    ///
    /// GETRANGE answers the same to an empty string and to none; a key that is not there has the time to live -2.
    /// Errors: those of the server; a key of another type is a lock all the same.
    public init(key: Bytes, value: Reply, timeToLive: Reply) throws {
        self.key = key
        self.timeToLive = timeToLive.integer.flatMap { Bounded($0) }.map { .milliseconds($0.value) }
        let isThere = timeToLive.integer != Self.absent
        bytes = isThere && value.error == nil ? value.bytes : nil
        if let error = value.error {
            guard error.serverCode == "WRONGTYPE" else { throw Self.naming(key, error) }
            holder = isThere ? .other(isString: false) : .nobody
        } else if let bytes {
            holder = Self.token(in: bytes).map(Holder.ours) ?? .other(isString: true)
        } else {
            holder = .nobody
        }
    }

    /// What PTTL answers where there is no key.
    private static let absent: Int64 = -2

    /// Takes it for nobody's.
    fileprivate mutating func giveUp() {
        holder = .nobody
        bytes = nil
        timeToLive = nil
    }

    /// Whether another tool holds it.
    public var isAnothers: Bool {
        if case .other = holder { return true }
        return false
    }

    /// Who holds it, for people, if another tool does.
    public var lockHolder: LockHolder? {
        guard case .other(let isString) = holder else { return nil }
        let name = KeyText.escaped(key)
        return LockHolder(
            text: "Outpost's own migrator (\(isString ? name : "\(name), a key that is not a string"))",
            timeToLive: timeToLive,
            isForeign: true
        )
    }
}

extension OutpostLock {
    /// The server names no key that it refuses, and a user made for an earlier program lacks this one.
    private static func naming(_ key: Bytes, _ error: RedisError) -> RedisError {
        guard error.serverCode == "NOPERM" else { return error }
        return RedisError(
            error.code,
            "\(error.message) (Outpost's lock: the ACL rule ~\(KeyText.escaped(key)) is missing)",
            outcome: error.outcome,
            serverCode: error.serverCode
        )
    }

    private static let mark = "migrateredis:"

    /// What we write into it: that it is ours, and the token of our own lock.
    static func value(of token: String) -> Bytes { Bytes(mark + token) }

    /// The token in a value of ours.
    private static func token(in bytes: Bytes) -> String? {
        guard bytes.starts(with: Bytes(mark)) else { return nil }
        let token = bytes.dropFirst(mark.utf8.count)
        guard !token.isEmpty, token.count <= 64,
            token.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) || (65...90).contains($0) })
        else { return nil }
        return String(decoding: token, as: UTF8.self)
    }
}

/// All locks that may keep us from working: our own, and those of Outpost's own migrators.
public struct Locks: Sendable, Equatable {
    /// Ours.
    public var own: LockReading
    /// Theirs, in the order of `KeyNames.outpostLocks`; behind them the one that we only wait for, if there is one.
    public var outpost: [OutpostLock]

    /// Locks of both kinds.
    public init(own: LockReading, outpost: [OutpostLock] = []) {
        self.own = own
        self.outpost = outpost
    }

    /// Who holds one of Outpost's, if another tool does.
    public var outpostHolder: LockHolder? { outpost.lazy.compactMap(\.lockHolder).first }

    /// Who keeps us from working; nil where nobody does.
    public var holder: LockHolder? { own.holder ?? outpostHolder }

    /// Outpost's locks that a program of ours left behind: nobody holds our own with their token.
    public var leftovers: [OutpostLock] {
        outpost.filter { lock in
            guard case .ours(let token) = lock.holder else { return false }
            if case .ours(let record, _, _) = own { return record.token != token }
            return true
        }
    }
}

extension Locks {
    /// Adds what is asked about Outpost's locks.
    static func ask(_ names: KeyNames, in commands: inout CommandBuffer) {
        for key in names.outpostLocks + names.awaitedLocks {
            BookkeepingReads.ask(key, in: &commands)
            commands.append("PTTL", key)
        }
    }

    /// The same where each key has a node of its own.
    static func ask(_ names: KeyNames, in commands: inout RoutedCommands) {
        for key in names.outpostLocks + names.awaitedLocks {
            commands.add(for: key) {
                BookkeepingReads.ask(key, in: &$0)
                $0.append("PTTL", key)
            }
        }
    }

    /// How many commands that is.
    static func questionCount(_ names: KeyNames) -> Int { 2 * (names.outpostLocks.count + names.awaitedLocks.count) }

    /// Outpost's locks in the replies to these commands.
    static func outpost(_ names: KeyNames, in replies: some RandomAccessCollection<Reply>) throws -> [OutpostLock] {
        let list = Array(replies)
        return try (names.outpostLocks + names.awaitedLocks).enumerated().map { index, key in
            var lock = try OutpostLock(key: key, value: list[2 * index], timeToLive: list[2 * index + 1])
            // Held by a program of ours for keys without a deployment id: that keeps nobody of another deployment out.
            if case .ours = lock.holder, names.awaitedLocks.contains(key) { lock.giveUp() }
            return lock
        }
    }
}

extension OutpostLock {
    /// Whether it is the one that was shown; a renewal since does not matter.
    func isSame(as shown: OutpostLock) -> Bool { key == shown.key && holder == shown.holder && bytes == shown.bytes }
}

extension Locks {
    /// Whether they are those that were shown.
    func isSame(as shown: Locks) -> Bool {
        (own == .free) == (shown.own == .free) && own.bytes == shown.own.bytes
            && outpost.elementsEqual(shown.outpost) { $0.isSame(as: $1) }
    }
}
