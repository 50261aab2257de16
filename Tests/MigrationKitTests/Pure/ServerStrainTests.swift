import RedisClient
import Testing

@testable import MigrationKit

@Suite("What strains a server")
struct ServerStrainTests {
    private static let mebibyte = 1 << 20

    /// A server with a limit of 1,000 MiB.
    private static func load(used: Int = 0, _ change: (inout ServerLoad) -> Void = { _ in }) -> ServerLoad {
        var load = ServerLoad()
        load.memoryLimit = 1000 * mebibyte
        load.usedMemory = used * mebibyte
        load.evictedKeys = 7
        change(&load)
        return load
    }

    private static func replica(offset: Int = 0, lag: Int = 0, isOnline: Bool = true) -> ServerLoad.Replica {
        ServerLoad.Replica(name: "10.0.0.2:6379", offset: offset, lag: lag, isOnline: isOnline)
    }

    private static func judge(_ now: ServerLoad, previous: ServerLoad? = nil, needed: Int? = nil) -> ServerStrain? {
        ServerStrain.judge(now, previous: previous ?? load(), first: load(), needed: needed)
    }

    @Test(
        "memory: slow from 90 %, stop from 97 %, and only for walks that add to it",
        arguments: [
            (0, 0, nil), (899, 0, nil), (900, 0, "slowed: memory is at 90 % of maxmemory"),
            (969, 0, "slowed: memory is at 96 % of maxmemory"), (970, 0, "stopped: memory is at 97 % of maxmemory"),
            (1500, 0, "stopped: memory is at 150 % of maxmemory"), (500, 500, nil),
            (500, 501, "slowed: 500 MiB of maxmemory are free, and copies will take about 501 MiB"),
            (899, 101, nil), (899, 102, "slowed: 101 MiB of maxmemory are free, and copies will take about 102 MiB"),
            (950, 800, "slowed: memory is at 95 % of maxmemory"),
        ] as [(Int, Int, String?)]
    )
    func memory(used: Int, needed: Int, text: String?) {
        let now = Self.load(used: used)
        #expect(Self.text(Self.judge(now, needed: needed * Self.mebibyte)) == text)
        #expect(Self.judge(now, needed: nil) == nil)
    }

    @Test("without maxmemory the machine's memory is the limit; where neither is known there is none")
    func machine() {
        let machine = Self.load(used: 980) { $0.isMachinesLimit = true }
        #expect(Self.text(Self.judge(machine, needed: 0)) == "stopped: memory is at 98 % of the machine's memory")
        let unknown = Self.load(used: 980) { $0.memoryLimit = 0 }
        #expect(Self.judge(unknown, needed: .max) == nil)
        let widest = Self.load { load in
            load.memoryLimit = .max
            load.usedMemory = .max
        }
        #expect(Self.judge(widest, needed: 0)?.degree == .stopped)
    }

    @Test("evictions stop once there are more than at first; a reading without them says nothing")
    func evictions() {
        #expect(Self.judge(Self.load()) == nil)
        #expect(Self.judge(Self.load { $0.evictedKeys = nil }) == nil)
        #expect(
            Self.text(Self.judge(Self.load { $0.evictedKeys = 10 }))
                == "stopped: the server evicts keys, 3 while this went on"
        )
        var first = Self.load()
        first.evictedKeys = nil
        #expect(ServerStrain.judge(Self.load(), previous: Self.load(), first: first, needed: nil) == nil)
    }

    @Test(
        "a replica: what was written a reading before and is not acknowledged, and how long it has been silent",
        arguments: [
            (100, 100, 0, nil), (100, 96, 1, nil), (100, 95, 0, "slowed: the replica 10.0.0.2:6379 is 5 MiB behind"),
            (100, 68, 0, "slowed: the replica 10.0.0.2:6379 is 32 MiB behind"),
            (100, 67, 0, "stopped: the replica 10.0.0.2:6379 is 33 MiB behind"), (100, 100, 3, nil),
            (100, 100, 4, "slowed: the replica 10.0.0.2:6379 has said nothing for 4 s"),
            (100, 200, -1, nil),
        ] as [(Int, Int, Int, String?)]
    )
    func replicas(written: Int, acknowledged: Int, lag: Int, text: String?) {
        let previous = Self.load { $0.offset = written * Self.mebibyte }
        let now = Self.load { load in
            // What was written since the reading before may well be on its way.
            load.offset = 10_000 * Self.mebibyte
            load.replicas = [
                Self.replica(offset: 10_000 * Self.mebibyte),
                Self.replica(offset: acknowledged * Self.mebibyte, lag: lag),
            ]
        }
        #expect(Self.text(Self.judge(now, previous: previous)) == text)
    }

    @Test("a replica that gets its first copy slows, and a server that loads stops")
    func others() {
        let joining = Self.load { $0.replicas = [Self.replica(isOnline: false)] }
        #expect(
            Self.text(Self.judge(joining)) == "slowed: the replica 10.0.0.2:6379 gets its first copy of the data"
        )
        // One that has just come online, and one of a master that has written nothing.
        let fresh = Self.load { $0.replicas = [Self.replica(offset: 0)] }
        #expect(Self.judge(fresh, previous: Self.load { $0.offset = 1 << 40 }) == .replicaJoining("10.0.0.2:6379"))
        #expect(Self.judge(fresh) == nil)
        #expect(Self.text(Self.judge(Self.load { $0.isLoading = true })) == "stopped: the server loads its data")
    }

    @Test(
        "a save: slow from a tenth of what is in use, stop from a quarter, and never for less than 16 MiB",
        arguments: [
            (500, 0, nil), (500, 50, nil),
            (500, 51, "slowed: a snapshot has made the server copy 51 MiB of 500 MiB"),
            (500, 126, "stopped: a snapshot has made the server copy 126 MiB of 500 MiB"), (20, 16, nil),
            (20, 17, "stopped: a snapshot has made the server copy 17 MiB of 20 MiB"),
        ] as [(Int, Int, String?)]
    )
    func saves(used: Int, copied: Int, text: String?) {
        let now = Self.load(used: used) { $0.save = .init(kind: "a snapshot", copied: copied * Self.mebibyte) }
        #expect(Self.text(Self.judge(now)) == text)
    }

    @Test("of several things the gravest counts, and every one has a way out")
    func gravest() {
        let both = Self.load(used: 920) { load in
            load.replicas = [Self.replica(isOnline: false)]
            load.save = .init(kind: "a snapshot", copied: 800 * Self.mebibyte)
        }
        #expect(Self.judge(both, needed: 0)?.degree == .stopped)
        for strain in [
            ServerStrain.memory(percent: 99, ofMachine: false), .memory(percent: 99, ofMachine: true),
            .headRoom(free: 1, needed: 2, ofMachine: false), .evictions(1), .replicaBehind("r", bytes: 1),
            .replicaSilent("r", seconds: 9), .replicaJoining("r"), .loading, .save("a snapshot", copied: 1, used: 1),
        ] {
            #expect(strain.remedy.hasSuffix(".") && !strain.reason.isEmpty)
        }
    }

    private static func text(_ strain: ServerStrain?) -> String? {
        strain.map { WalkStrain($0.degree, $0.reason).text }
    }
}

@Suite("How busy a server is, by INFO")
struct ServerLoadTests {
    private static func load(_ sections: String...) throws -> ServerLoad {
        ServerLoad(try InfoFields(sections.map { try WireReply.string(Bytes($0)) }))
    }

    @Test("what INFO says in four sections")
    func whole() throws {
        let load = try Self.load(
            "# Memory\r\nused_memory:1000\r\nmem_not_counted_for_evict:100\r\nmaxmemory:5000\r\n"
                + "total_system_memory:9000\r\n",
            "# Stats\r\nevicted_keys:3\r\n",
            "# Replication\r\nrole:master\r\nconnected_slaves:2\r\nmaster_repl_offset:77\r\n"
                + "slave0:ip=10.0.0.2,port=6379,state=online,offset=70,lag=1\r\n"
                + "slave1:ip=fe80::1,port=6380,state=wait_bgsave,offset=0,lag=0,io-thread=0\r\n",
            "# Persistence\r\nloading:0\r\nasync_loading:0\r\ncurrent_cow_size:4096\r\nrdb_bgsave_in_progress:1\r\n"
        )
        #expect(load.usedMemory == 900 && load.memoryLimit == 5000 && !load.isMachinesLimit)
        #expect(load.evictedKeys == 3 && load.offset == 77 && !load.isLoading)
        #expect(
            load.replicas == [
                .init(name: "10.0.0.2:6379", offset: 70, lag: 1, isOnline: true),
                .init(name: "fe80::1:6380", offset: 0, lag: 0, isOnline: false),
            ]
        )
        #expect(load.save == .init(kind: "a snapshot", copied: 4096))
    }

    @Test("without a limit the machine's counts; what was not asked for is not known")
    func sparse() throws {
        let load = try Self.load("used_memory:10\r\nmaxmemory:0\r\ntotal_system_memory:9000\r\n")
        #expect(load.memoryLimit == 9000 && load.isMachinesLimit && load.evictedKeys == nil && load.save == nil)
        #expect(try Self.load("loading:1\r\naof_rewrite_in_progress:1\r\n").isLoading)
        #expect(try Self.load("aof_rewrite_in_progress:1\r\n").save?.copied == 0)
        #expect(try Self.load("") == ServerLoad())
        #expect(try Self.load("connected_slaves:3\r\nslave0:nonsense\r\n").replicas.map(\.isOnline) == [false])
        // A number that no server says.
        #expect(try Self.load("used_memory:5\r\nmem_not_counted_for_evict:9\r\n").usedMemory == 0)
    }
}
