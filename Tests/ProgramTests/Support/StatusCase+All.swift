import MigrationKit
import Reconciler
import RedisClient

extension StatusCase {
    /// Every row of the reconciler's table that one look can find, and what stands before the table.
    static let all: [StatusCase] = beforeTheTable + refused + onTheWay + afterTheRaise

    private static let first = "001_hash_tags"
    private static let second = "002_timestamps"
    private static let third = "003_entity"

    private static func approval(_ phase: GatedPhase) -> Approval {
        Approval(
            migration: first,
            phase: phase,
            scope: Scope(kinds: ["destination": 800, "summary": 200, "tenant": 200]),
            by: "ann@ops1",
            at: before(.seconds(600)).rfc3339,
            reason: "All instances are new."
        )
    }

    private static let beforeTheTable = [
        StatusCase("unreachable", check: 3) {
            $0.desired.target = .version(1)
            $0.error = RedisError(
                .unreachable,
                "Cannot connect to redis.example:6379: Connection refused.",
                outcome: .notExecuted
            )
        },
        StatusCase("permission-denied", check: 3) {
            $0.error = RedisError(
                serverReply: "NOPERM User migrateredis has no permissions to run the 'type' command"
            )
        },
    ]

    private static let refused = [
        StatusCase("paused", check: 1) {
            $0.pause = Override(
                by: "ann@ops1",
                at: before(.seconds(300)).rfc3339,
                reason: "Load test until\u{1B}[2J noon"
            )
            $0.put(first, .applying)
        },
        StatusCase("pinned", check: 0, version: 1) {
            $0.pin = .success(
                Pin(
                    version: 1,
                    order: Override(
                        by: "ann@ops1",
                        at: before(.seconds(300)).rfc3339,
                        reason: "not before the release",
                        until: before(.seconds(-7200)).rfc3339
                    )
                )
            )
            $0.put(first, .verified) { $0.verification?.soakFrom = now }
        },
        StatusCase("pinned-below-started", check: 2) {
            let order = Override(by: "ann@ops1", at: before(.seconds(300)).rfc3339, reason: "")
            $0.pin = .success(Pin(version: 0, order: order))
            $0.put(first, .applying)
        },
        StatusCase("pin-unreadable", check: 2) {
            $0.pin = .failure(
                MigrationError(.unreadable, "The key outpost:migration:pin holds no order to pin a version.")
            )
        },
        StatusCase("version-unreadable", check: 2) {
            $0.version = .failure(MigrationError(.unreadable, "The key outpost:schema:version is not a string."))
        },
        StatusCase("history-unreadable", check: 2, version: 1) {
            $0.refusal = MigrationError(.unreadable, "The key outpost:migration:history is not a stream.")
            $0.put(first, .verified)
        },
        StatusCase("newer-schema", check: 1, version: 7) { $0.put(first, .cleaned) },
        StatusCase("state-unreadable", check: 2) {
            $0.states[first] = .failure(
                MigrationError(.unreadable, "The key outpost:migration:001_hash_tags:state holds no JSON document.")
            )
        },
        StatusCase("data-lost", check: 2, version: 1) {
            $0.put(first, .verified) {
                $0.verification?.server = ServerIdentity(
                    runID: String(repeating: "2b", count: 20),
                    replicationID: "other"
                )
            }
        },
        StatusCase("version-regressed", check: 2) { $0.put(first, .cleaning) },
        StatusCase("target-unknown", check: 2, version: 1) {
            $0.desired.target = .version(9)
            $0.put(first, .verified)
        },
        StatusCase("target-below-current", check: 2, version: 1) {
            $0.desired.target = .version(0)
            $0.put(first, .verified)
        },
        StatusCase("target-below-started", check: 2) {
            $0.desired.target = .version(0)
            $0.put(first, .applying)
        },
    ]

    private static let onTheWay = [
        StatusCase("fresh", check: 1),
        StatusCase("not-applicable", check: 1) { $0.deployment = "d1" },
        StatusCase("original-applied", check: 1) {
            $0.put(first, .applied) {
                $0.format = nil
                $0.epoch = nil
                $0.scope = nil
            }
        },
        StatusCase("planned", check: 1) { $0.put(first, .planned) },
        StatusCase("apply-needs-approval", check: 1) {
            $0.desired.gates.applyNeedsApproval = true
            $0.put(first, .planned)
        },
        StatusCase("apply-approved", check: 1) {
            $0.desired.gates.applyNeedsApproval = true
            $0.put(first, .planned)
            $0.approvals[first] = approval(.apply)
        },
        StatusCase("applying-interrupted", check: 1) {
            $0.put(first, .applying) { $0.progress.processedItems = 540 }
        },
        StatusCase("applying-elsewhere", check: 1) {
            $0.put(first, .applying) {
                $0.progress.processedItems = 540
                $0.progress.skippedItems = 40
            }
            $0.lock = daemonsLock
        },
        StatusCase("applying-strained", check: 1) {
            $0.put(first, .applying) {
                $0.progress.processedItems = 540
                $0.progress.strain = WalkStrain(.slowed, "memory is at 93 % of\u{1B}[2J maxmemory")
            }
            $0.lock = daemonsLock
        },
        StatusCase("strain-left-behind", check: 1) {
            $0.put(first, .applying) {
                $0.progress.processedItems = 540
                $0.progress.strain = WalkStrain(.stopped, "memory is at 98 % of maxmemory")
            }
        },
        StatusCase("foreign-lock", check: 1) {
            let record =
                #"{"migration":"001_hash_tags","started_at":"2026-01-02T15:00:00+01:00","pid":12,"host":"ops7"}"#
            $0.lock = .foreign("another tool on ops7, process 12", bytes: Bytes(record), timeToLive: .seconds(3000))
        },
        StatusCase("evicting-server", check: 2) { $0.mayEvict = true },
        StatusCase("applied", check: 1) { $0.put(first, .applied) },
        StatusCase("verified-not-raised", check: 1) { $0.put(first, .verified) },
        StatusCase("raised-by-outpost", check: 1) {
            $0.records = [
                first: .success(StatusCase.foreignRecord), "002_timestamps": .success(StatusCase.foreignRecord),
            ]
        },
        StatusCase("foreign-record", check: 2) { $0.records = ["002_timestamps": .success(StatusCase.foreignRecord)] },
        StatusCase("conflicts", check: 2) {
            $0.put(first, .failed) {
                $0.failedPhase = "verify"
                $0.errors = ["3 pairs need a person: 2 foreign, 1 collision."]
                $0.progress.failedItems = 3
                var held = HeldKeys()
                held.counts = ["collision": 1, "foreign": 2]
                held.samples = [
                    .init(key: #"tenant:a\x1b[2Jb"#, reason: "foreign"), .init(key: "tenant:t7", reason: "foreign"),
                    .init(key: #"tenant:x\x7d:destination:y"#, reason: "collision"),
                ]
                $0.held = held
            }
        },
    ]

    private static let afterTheRaise = [
        StatusCase("state-missing", check: 1, version: 1) { $0.desired.target = .version(1) },
        StatusCase("catch-up-due", check: 1, version: 1) {
            $0.desired.target = .version(1)
            $0.put(first, .verified) { $0.followedAt = before(.seconds(601)) }
        },
        StatusCase("second-migration", check: 1, version: 1) {
            $0.put(first, .verified)
            $0.put(second, .applying) {
                $0.progress.totalItems = 1_000_000
                $0.progress.processedItems = 250_000
            }
        },
        StatusCase("soaking", check: 0, version: 3) {
            $0.put(first, .verified) { $0.verification?.soakFrom = before(.seconds(3600)) }
            $0.put(second, .verified) { $0.verification?.soakFrom = before(.seconds(3500)) }
            $0.put(third, .verified) { $0.verification?.soakFrom = before(.seconds(3400)) }
        },
        StatusCase("cleanup-needs-approval", check: 0, version: 1) {
            $0.desired.target = .version(1)
            $0.put(first, .verified)
        },
        StatusCase("cleanup-needs-save", check: 0, version: 1) {
            $0.desired = Desired(target: .version(1), gates: GatePolicy(saveWithin: .seconds(3600)))
            $0.put(first, .verified)
            $0.approvals[first] = approval(.cleanup)
            $0.save = .at(before(.seconds(7200)))
        },
        StatusCase("cleanup-approved", check: 1, version: 1) {
            $0.desired.target = .version(1)
            $0.put(first, .verified)
            $0.approvals[first] = approval(.cleanup)
        },
        StatusCase("keys-held", check: 2, version: 1) {
            $0.desired.target = .version(1)
            $0.put(first, .cleaning) {
                $0.keptAt = before(.seconds(30))
                var held = HeldKeys()
                held.counts = ["diverged": 24]
                held.samples = (1...20).map { .init(key: "tenant:t\($0)", reason: "diverged") }
                $0.held = held
            }
            $0.approvals[first] = approval(.cleanup)
        },
        StatusCase("converged", check: 0, version: 3) {
            $0.desired.target = .version(3)
            for name in [first, second, third] { $0.put(name, .cleaned) }
        },
    ]
}
