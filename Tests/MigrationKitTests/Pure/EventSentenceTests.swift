import MigrationKit
import Testing

@Suite("An event in one sentence")
struct EventSentenceTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var event: Event
        var sentence: String
        var testDescription: String { sentence }

        init(_ kind: Event.Kind, _ facts: [Event.Fact: String], _ sentence: String) {
            event = Event(kind, facts)
            self.sentence = sentence
        }
    }

    private static let name = "001_hash_tags"

    @Test(
        "has all of its facts",
        arguments: [
            Row(.started, [.detail: "migrateredisd 0.2"], "started: migrateredisd 0.2"),
            Row(.stopping, [:], "stopping"),
            Row(.stepStarted, [.migration: name, .phase: "plan"], "001_hash_tags: plan started"),
            Row(
                .stepFinished,
                [.migration: name, .phase: "plan", .detail: "80 keys to move", .duration: "15 ms"],
                "001_hash_tags: plan finished in 15 ms: 80 keys to move"
            ),
            Row(
                .stepFailed,
                [
                    .migration: name, .phase: "apply", .reason: "Retrying", .detail: "The server restarted.",
                    .retryIn: "5 s",
                ],
                "001_hash_tags: apply failed (Retrying): The server restarted. (next try in 5 s)"
            ),
            Row(
                .versionRaised,
                [.migration: name, .schemaVersion: "1"],
                "schema version raised to 1 by 001_hash_tags"
            ),
            Row(
                .keysHeld,
                [.migration: name, .detail: "foreign 2"],
                "001_hash_tags: keys held back for a person: foreign 2"
            ),
            Row(
                .stalled,
                [.reason: "PermissionDenied", .detail: "NOAUTH", .targetVersion: "3"],
                "stalled (PermissionDenied): NOAUTH"
            ),
            Row(
                .stalled,
                [.migration: name, .reason: "ConflictsFound", .detail: "001_hash_tags holds 2 keys back."],
                "stalled (ConflictsFound): 001_hash_tags holds 2 keys back."
            ),
            Row(
                .waitingLong,
                [.reason: "RedisUnreachable", .detail: "no server", .duration: "75 s"],
                "still waiting (RedisUnreachable) for 75 s: no server"
            ),
            Row(
                .converged,
                [.reason: "Converged", .detail: "Nothing is left to do.", .schemaVersion: "3", .targetVersion: "3"],
                "converged at version 3 (Converged): Nothing is left to do."
            ),
            Row(
                .converged,
                [.reason: "AboveTarget", .detail: "d", .schemaVersion: "3", .targetVersion: "2"],
                "converged at version 3, target 2 (AboveTarget): d"
            ),
            Row(
                .phaseChanged,
                [.migration: name, .from: "", .to: "planned", .by: "host"],
                "001_hash_tags: new → planned by host"
            ),
            Row(
                .approved,
                [.migration: name, .phase: "cleanup", .by: "alice@host", .detail: "all are new"],
                "001_hash_tags: gate opened for cleanup by alice@host: all are new"
            ),
            Row(
                .lockTakenOver,
                [.migration: name, .holder: "b (process 7)", .by: "a"],
                "001_hash_tags: abandoned lock taken over from b (process 7)"
            ),
        ]
    )
    func rows(row: Row) { #expect(row.event.sentence == row.sentence) }

    @Test("tells of no event without a word for it", arguments: Event.Kind.allCases)
    func every(kind: Event.Kind) {
        let sentence = Event(kind).sentence
        #expect(!sentence.isEmpty && !sentence.hasSuffix(" ") && !sentence.hasSuffix(":"))
    }
}
