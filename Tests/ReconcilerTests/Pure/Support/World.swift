@testable import MigrationKit

@testable import Reconciler

/// Observations of a keyspace with the migrations `m1`, `m2` and `m3`, changed step by step by each test.
struct World: Sendable {
    static let server = ServerIdentity(runID: "r", replicationID: "p")
    static let start = Timestamp(milliseconds: 1_700_000_000_000)

    var observation: Observation
    var desired = Desired(target: .latest)

    /// A keyspace at a version, whose migrations have these phases; nil for no state.
    init(version: Int, _ phases: Phase?..., count: Int = 3) {
        observation = Observation(
            version: .success(version),
            migrations: (1...count).map { number in
                let phase = number <= phases.count ? phases[number - 1] : nil
                return Observation.Standing(
                    name: "m\(number)",
                    version: number,
                    state: .success(phase.map { World.state("m\(number)", $0) })
                )
            },
            now: World.start
        )
    }

    /// A state as the programs leave it in a phase: soaked, looked at just now, with old keys to remove.
    static func state(_ name: String, _ phase: Phase) -> MigrationState {
        var state = MigrationState(migrationName: name, phase: phase, startedAt: start)
        state.scope = Scope(kinds: ["tenant": 10])
        if phase.isVerifiedOrLater {
            state.verification = Verification(
                verifiedAt: Timestamp(milliseconds: start.milliseconds - 86_400_000),
                comparedPairs: 10,
                removable: 10,
                server: server
            )
            state.followedAt = start
        }
        return state
    }

    static func approval(_ name: String, _ phase: GatedPhase) -> Approval {
        Approval(
            migration: name,
            phase: phase,
            scope: Scope(kinds: ["tenant": 10]),
            by: "u@h",
            at: start.rfc3339,
            reason: ""
        )
    }

    static let holder = LockHolder(text: "db2/blue (process 7)", migration: "m1", startedAt: "then", isForeign: false)

    /// The same world, changed.
    func with(_ change: (inout World) -> Void) -> World {
        var world = self
        change(&world)
        return world
    }

    /// The same world, with a migration's state changed.
    func with(_ number: Int, _ change: (inout MigrationState) -> Void) -> World {
        with { world in
            guard var state = (try? world.observation.migrations[number - 1].state.get()) ?? nil else { return }
            change(&state)
            world.observation.migrations[number - 1].state = .success(state)
        }
    }

    var action: Action { decide(observation, desired) }
}
