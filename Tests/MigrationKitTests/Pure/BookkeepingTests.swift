import Testing

@testable import MigrationKit

/// What may not be touched, whoever asks: the rows of the reconciler's table that hold for phases by hand too.
@Suite("Bookkeeping that is refused")
struct BookkeepingTests {
    private static let here = ServerIdentity(runID: "r", replicationID: "p")
    private static let elsewhere = ServerIdentity(runID: "other", replicationID: "q")
    private static let odd = MigrationError(.unreadable, "The key x is odd.")

    private static func state(_ name: String, _ phase: Phase) -> MigrationState {
        MigrationState(migrationName: name, phase: phase, startedAt: Timestamp(milliseconds: 0))
    }

    private static func found(version: Int, _ phases: Phase?...) -> Bookkeeping {
        Bookkeeping(
            version: .success(version),
            migrations: (1...3).map { number in
                let phase = number <= phases.count ? phases[number - 1] : nil
                return Bookkeeping.Entry(
                    name: "m\(number)",
                    version: number,
                    state: .success(phase.map { state("m\(number)", $0) })
                )
            },
            server: here
        )
    }

    private static func verifiedElsewhere(_ phase: Phase) -> Bookkeeping {
        with(found(version: 1, phase)) { found in
            var state = state("m1", phase)
            state.server = here
            state.verification = Verification(
                verifiedAt: Timestamp(milliseconds: 0),
                comparedPairs: 1,
                removable: 1,
                server: elsewhere
            )
            found.migrations[0].state = .success(state)
        }
    }

    private static func with(_ found: Bookkeeping, _ change: (inout Bookkeeping) -> Void) -> Bookkeeping {
        var found = found
        change(&found)
        return found
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var found: Bookkeeping
        var cause: Refusal.Cause?
        var migration: String?

        init(_ description: String, _ found: Bookkeeping, _ cause: Refusal.Cause?, _ migration: String? = nil) {
            testDescription = description
            self.found = found
            self.cause = cause
            self.migration = migration
        }
    }

    static let rows = [
        Row("nothing begun", found(version: 0), nil),
        Row("all done", found(version: 3, .cleaned, .cleaned, .cleaned), nil),
        Row("raised by another tool, without states", found(version: 3), nil),
        Row("verified, and not raised yet", found(version: 0, .verified), nil),
        Row("version that cannot be read", with(found(version: 0)) { $0.version = .failure(odd) }, .unreadable),
        Row("version above the newest", found(version: 4), .newerSchema),
        Row(
            "version above the newest, and states in a newer form",
            with(found(version: 4)) { $0.migrations[0].state = .failure(odd) },
            .newerSchema
        ),
        Row(
            "state that cannot be read",
            with(found(version: 1)) { $0.migrations[1].state = .failure(odd) },
            .unreadable,
            "m2"
        ),
        Row(
            "record that cannot be read",
            with(found(version: 1)) { $0.migrations[2].record = .failure(odd) },
            .unreadable,
            "m3"
        ),
        Row("pin that cannot be read", with(found(version: 1)) { $0.pin = .failure(odd) }, .unreadable),
        Row("what this process remembers", with(found(version: 1)) { $0.regression = "It went back." }, .dataLost),
        Row("verified on a later server", verifiedElsewhere(.verified), .dataLost, "m1"),
        Row("the same, half cleaned", verifiedElsewhere(.cleaning), .dataLost, "m1"),
        Row("the same, and cleaned", verifiedElsewhere(.cleaned), nil),
        Row("cleaned, and not raised", found(version: 0, .cleaned), .versionRegressed, "m1"),
        Row("half cleaned, and not raised", found(version: 1, .cleaned, .cleaning), .versionRegressed, "m2"),
        Row("verified, and two below", found(version: 0, nil, .verified), .versionRegressed, "m2"),
        Row(
            "skipped, and not raised yet",
            with(found(version: 0, .cleaned)) { $0.migrations[0].applicability = .notApplicable("no") },
            nil
        ),
    ]

    @Test("is what contradicts itself, is newer, or cannot be read", arguments: rows)
    func refuses(row: Row) {
        do {
            let sound = try row.found.read()
            #expect(row.cause == nil)
            #expect(sound.states.count == 3)
        } catch {
            #expect(error.cause == row.cause)
            #expect(error.migration == row.migration)
            #expect(!error.message.isEmpty && error.failure.message == error.message)
        }
    }

    @Test("only for one reason lets a verify go on, and only that of the migration that it names")
    func wayOut() {
        for row in Self.rows {
            guard let cause = row.cause else { continue }
            let refusal = Refusal(cause, "why", migration: row.migration)
            #expect(refusal.isSettled(byVerifying: "m1") == (cause == .dataLost && row.migration == "m1"))
            #expect(!refusal.isSettled(byVerifying: "m7"))
        }
    }
}
