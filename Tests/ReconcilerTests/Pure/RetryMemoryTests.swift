import MigrationKit
import Testing

@testable import Reconciler

@Suite("What may be tried again")
struct RetryMemoryTests {
    /// Failed migrations by name, with the epoch of each; and the last order.
    private func snapshot(
        _ failed: [String: UInt64],
        order: String? = nil,
        of migration: String? = nil,
        broken: Bool = false
    ) throws -> SchemaSnapshot {
        var states: [String: Result<MigrationState, MigrationError>] = [:]
        for (name, epoch) in failed {
            var state = MigrationState(migrationName: name, phase: .failed, startedAt: World.start)
            state.epoch = epoch
            state.failedPhase = broken ? nil : "verify"
            states[name] = .success(state)
        }
        return SchemaSnapshot(
            version: .success(0),
            states: states,
            approvals: [:],
            lock: .free,
            pause: nil,
            retry: order.map {
                RetryOrder(id: $0, migration: migration, order: Override(by: "u@h", at: "", reason: ""))
            },
            server: try WireInfo.server(),
            time: World.start
        )
    }

    @Test("what a cleanup keeps back is looked at again once after an order, and not for a start alone")
    func kept() throws {
        func snapshot(_ epoch: UInt64, order: String? = nil, of migration: String? = nil) throws -> SchemaSnapshot {
            var snapshot = try self.snapshot([:], order: order, of: migration)
            var state = MigrationState(migrationName: "m1", phase: .cleaning, startedAt: World.start)
            state.epoch = epoch
            state.held = HeldKeys()
            state.held?.counts = ["diverged": 1]
            snapshot.states["m1"] = .success(state)
            return snapshot
        }
        var memory = RetryMemory()
        #expect(memory.look(at: try snapshot(3)).retried.isEmpty)
        #expect(memory.look(at: try snapshot(3, order: "a", of: "m2")).retried.isEmpty)
        #expect(memory.look(at: try snapshot(3, order: "b", of: "m1")).retried == ["m1"])
        #expect(memory.look(at: try snapshot(4, order: "b", of: "m1")).retried.isEmpty, "somebody has looked since")
        #expect(memory.look(at: try snapshot(4, order: "c")).retried == ["m1"])
    }

    @Test("what had failed at the first look may be, and what fails after it may not")
    func start() throws {
        var memory = RetryMemory()
        #expect(memory.look(at: try snapshot(["m1": 3])).retried == ["m1"])
        #expect(memory.look(at: try snapshot(["m1": 3])).retried == ["m1"], "until somebody has tried")
        #expect(memory.look(at: try snapshot(["m1": 5])).retried == [], "tried by whomever")
        #expect(memory.look(at: try snapshot(["m1": 5, "m2": 6])).retried == [])
    }

    @Test("an order permits what has failed by then, once")
    func order() throws {
        var memory = RetryMemory()
        _ = memory.look(at: try snapshot([:]))
        let first = memory.look(at: try snapshot(["m1": 3, "m2": 4], order: "a"))
        #expect(first == RetryMemory.Finding(retried: ["m1", "m2"], forgetsAll: true, isNew: true))
        let again = memory.look(at: try snapshot(["m1": 3, "m2": 7], order: "a"))
        #expect(again == RetryMemory.Finding(retried: ["m1"]))
        #expect(memory.look(at: try snapshot(["m2": 7], order: "b")).retried == ["m2"])
    }

    @Test("an order for one migration permits that one, and forgets nothing else")
    func named() throws {
        var memory = RetryMemory()
        _ = memory.look(at: try snapshot([:]))
        let finding = memory.look(at: try snapshot(["m1": 3, "m2": 4], order: "a", of: "m2"))
        #expect(finding == RetryMemory.Finding(retried: ["m2"], forgetsAll: false, isNew: true))
    }

    @Test("an order from before the process is none; a new configuration permits all")
    func earlier() throws {
        var memory = RetryMemory()
        #expect(memory.look(at: try snapshot([:], order: "a")).isNew == false)
        #expect(memory.look(at: try snapshot(["m1": 3], order: "a")).retried == [])
        memory.arm()
        #expect(memory.look(at: try snapshot(["m1": 3], order: "a")).retried == ["m1"])
    }

    @Test("one that is being tried again by somebody who broke off may be")
    func brokenOff() throws {
        var memory = RetryMemory()
        _ = memory.look(at: try snapshot([:]))
        #expect(memory.look(at: try snapshot(["m1": 9], broken: true)).retried == ["m1"])
    }
}
