import RedisClient
import Testing

@testable import MigrationKit

@Suite("A lock of Outpost's own migrators")
struct OutpostLockTests {
    private static let names = KeyNames()
    private static let deployment = KeyNames(deploymentID: "dp_1")
    private static let token = "00112233445566778899aabbccddeeff"

    private static func lock(_ value: String?, left: Int = 5) throws -> OutpostLock {
        let wire = value.map { "$\($0.utf8.count)\r\n\($0)\r\n" } ?? "$-1\r\n"
        return try OutpostLock(
            key: names.outpostLocks[0],
            value: WireReply.parse(wire),
            timeToLive: WireReply.parse(":\(left)\r\n")
        )
    }

    @Test("has today's name and the one before it, and with a deployment id the one before that is awaited")
    func namesOfLocks() {
        #expect(
            Self.names.outpostLocks.map { KeyText.escaped($0) } == [
                ".outpost:migration_lock", ".outpost:migration:lock",
            ]
        )
        #expect(Self.names.awaitedLocks.isEmpty)
        #expect(
            Self.deployment.outpostLocks.map { KeyText.escaped($0) }
                == ["dp_1:.outpost:migration_lock", "dp_1:.outpost:migration:lock"]
        )
        #expect(Self.deployment.awaitedLocks.map { KeyText.escaped($0) } == [".outpost:migration:lock"])
        for name in Self.deployment.outpostLocks {
            #expect(Self.deployment.isBookkeeping(name) && !Self.names.isBookkeeping(name))
        }
    }

    static let values: [(value: String?, holder: OutpostLock.Holder)] = [
        (nil, .nobody), ("migrateredis:\(token)", .ours(token: token)), ("", .other(isString: true)),
        (token, .other(isString: true)), ("migrateredis:", .other(isString: true)),
        ("migrateredis:a b", .other(isString: true)), ("x migrateredis:\(token)", .other(isString: true)),
        ("migration=001_hash_tags, started=2026-01-01T00:00:00Z", .other(isString: true)),
    ]

    @Test("is ours only in our own words", arguments: values)
    func reads(value: String?, holder: OutpostLock.Holder) throws {
        let lock = try Self.lock(value)
        #expect(lock.holder == holder)
        #expect(lock.isAnothers == (lock.lockHolder != nil))
    }

    @Test("that is not there is nobody's, whatever the reply about its value, which may be empty")
    func absent() throws {
        for value in [nil, "", Self.token, "migrateredis:\(Self.token)"] {
            let lock = try Self.lock(value, left: -2)
            #expect(lock.holder == .nobody && lock.bytes == nil && lock.timeToLive == nil)
        }
        #expect(try Self.lock("", left: -1).holder == .other(isString: true))
    }

    @Test("is shown by its name and never by what proves whose it is")
    func shown() throws {
        let holder = try #require(try Self.lock("c0ffee", left: 3_600_000).lockHolder)
        #expect(holder.words == "Outpost's own migrator (.outpost:migration_lock)")
        #expect(holder.isForeign && holder.timeToLive == .seconds(3600))
        #expect(try Self.lock("c0ffee", left: -1).lockHolder?.timeToLive == nil)
    }

    @Test("of another type is a lock all the same; a server that fails is none, and a missing right names the key")
    func errors() throws {
        let key = Self.names.outpostLocks[1]
        let none = try WireReply.parse(":-1\r\n")
        let list = try OutpostLock(key: key, value: WireReply.parse("-WRONGTYPE x\r\n"), timeToLive: none)
        #expect(list.lockHolder?.words.contains("not a string") == true)
        #expect(throws: RedisError.self) {
            _ = try OutpostLock(key: key, value: WireReply.parse("-LOADING x\r\n"), timeToLive: none)
        }
        do {
            _ = try OutpostLock(key: key, value: WireReply.parse("-NOPERM no permissions\r\n"), timeToLive: none)
            Issue.record("It was taken.")
        } catch let error as RedisError {
            #expect(error.isPermission && error.message.contains("~.outpost:migration:lock"))
        }
    }

    @Test("left behind by ours keeps nobody of ours out, and one for keys without an id nobody of a deployment")
    func leftovers() throws {
        let ours = try Self.lock("migrateredis:\(Self.token)")
        let left = Locks(own: .free, outpost: [ours])
        #expect(left.holder == nil && left.leftovers == [ours])
        let answers = ["$-1\r\n", ":-2\r\n", "$-1\r\n", ":-2\r\n", "$13\r\nmigrateredis:\r\n", ":5\r\n"]
        var replies = try answers.map { try WireReply.parse($0) }
        #expect(try Locks(own: .free, outpost: Locks.outpost(Self.deployment, in: replies)).holder != nil)
        replies[4] = try WireReply.string(Bytes("migrateredis:\(Self.token)"))
        let awaited = Locks(own: .free, outpost: try Locks.outpost(Self.deployment, in: replies))
        #expect(awaited.holder == nil && awaited.leftovers.isEmpty)
    }
}
