import MigrationKit
import RedisClient
import Testing

@testable import Migrations

@Suite("002_timestamps: what becomes of two fields")
struct TimestampRewriteTests {
    private let rewrites = Timestamps().rewrites(in: KeyNames())

    private func rewrite(_ created: String?, _ updated: String?) -> FieldRewrite {
        rewrites.rewrite([created.map(Bytes.init), updated.map(Bytes.init)], kind: "tenant")
    }

    @Test("both timestamps are converted at once")
    func both() {
        let expected: FieldRewrite = .change([
            FieldChange(field: Bytes("created_at"), value: Bytes("1704164645678")),
            FieldChange(field: Bytes("updated_at"), value: Bytes("1704164646000")),
        ])
        #expect(rewrite("2024-01-02T03:04:05.678901234Z", "2024-01-02T04:04:06+01:00") == expected)
    }

    @Test("what is converted already is left alone, so that a second run writes nothing")
    func converted() {
        #expect(rewrite("1704164645678", "-62135596800000") == .done)
        #expect(
            rewrite("1704164645678", "2024-01-02T03:04:06Z")
                == .change([FieldChange(field: Bytes("updated_at"), value: Bytes("1704164646000"))])
        )
    }

    @Test("a field that is not there stays so")
    func absent() {
        #expect(rewrite(nil, nil) == .done)
    }

    @Test("an empty field is no time and stays so, and its neighbour is converted all the same")
    func empty() {
        #expect(rewrite("", "") == .done)
        #expect(rewrite("", nil) == .done)
        #expect(
            rewrite("", "2024-01-02T03:04:06Z")
                == .change([FieldChange(field: Bytes("updated_at"), value: Bytes("1704164646000"))])
        )
    }

    @Test(
        "every number of 64 bits is one that the application reads, and stays",
        arguments: ["0", "-1", "00", "1704164645678901234", "9223372036854775807", "-9223372036854775808"]
    )
    func numbers(value: String) {
        #expect(rewrite(value, value) == .done)
    }

    @Test(
        "what cannot be converted holds the whole hash, and changes nothing in it",
        arguments: [
            "-", " ", "yesterday", "2024-01-02", "1.5", "9223372036854775808", "-9223372036854775809",
            "1704164645678901234567890", "0x10", "+5", "17 ", "0001-01-01",
        ]
    )
    func impossible(value: String) {
        func impossible(_ field: String) -> FieldRewrite {
            .impossible("notATimestamp", StoredField(Bytes(field), Bytes(value)))
        }
        #expect(rewrite("2024-01-02T03:04:05Z", value) == impossible("updated_at"))
        #expect(rewrite(value, nil) == impossible("created_at"))
    }

    @Test("tenants and destinations are concerned, summaries are not")
    func kinds() {
        #expect(rewrites.kinds == ["tenant", "destination"])
    }
}
