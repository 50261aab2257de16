import Foundation
import Testing

@testable import Migrations

@Suite("Timestamps of RFC 3339")
struct RFC3339Tests {
    @Test(
        "every form that the RFC allows is read, to the millisecond that has begun",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.001Z", 1),
            ("2024-01-02T03:04:05Z", 1_704_164_645_000),
            ("2024-01-02T03:04:05.6Z", 1_704_164_645_600),
            ("2024-01-02T03:04:05.67Z", 1_704_164_645_670),
            ("2024-01-02T03:04:05.678Z", 1_704_164_645_678),
            ("2024-01-02T03:04:05.678999999Z", 1_704_164_645_678),
            ("2024-01-02T03:04:05.6789999999999999999999Z", 1_704_164_645_678),
            ("2024-01-02T03:04:05.000000001Z", 1_704_164_645_000),
            ("2024-01-02t03:04:05z", 1_704_164_645_000),
            ("2024-01-02 03:04:05Z", 1_704_164_645_000),
            ("2024-01-02T05:34:05+02:30", 1_704_164_645_000),
            ("2024-01-01T19:04:05-08:00", 1_704_164_645_000),
            ("2024-01-02T03:04:05-00:00", 1_704_164_645_000),
            ("2024-01-03T03:03:05+23:59", 1_704_164_645_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("1969-12-31T23:59:59.999Z", -1),
            ("1969-12-31T23:59:59.0001Z", -1000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("0000-03-01T00:00:00Z", -62_162_035_200_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, Int64)]
    )
    func reads(text: String, milliseconds: Int64) {
        #expect(RFC3339.milliseconds(text.utf8) == milliseconds)
    }

    @Test(
        "what is no timestamp is none",
        arguments: [
            "", "now", "2024", "2024-01-02", "2024-01-02T03:04Z", "2024-01-02T03:04:05", "2024-01-02T03:04:05.Z",
            "2024-13-02T03:04:05Z", "2024-00-02T03:04:05Z", "2024-01-32T03:04:05Z", "2024-01-00T03:04:05Z",
            "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-04-31T00:00:00Z", "2024-01-02T24:00:00Z",
            "2024-01-02T03:60:05Z", "2024-01-02T03:04:61Z", "2024-01-02T03:04:05+24:00", "2024-01-02T03:04:05+02:60",
            "2024-01-02T03:04:05+0200", "2024-01-02T03:04:05 Z", "2024-01-02T03:04:05ZZ", " 2024-01-02T03:04:05Z",
            "2024-01-02T03:04:05Z\n", "2024-1-2T03:04:05Z", "+2024-01-02T03:04:05Z", "２024-01-02T03:04:05Z",
            "2024-01-02T03:04:05,678Z", "2024-01-02X03:04:05Z",
        ]
    )
    func refuses(text: String) {
        #expect(RFC3339.milliseconds(text.utf8) == nil)
    }

    @Test("days count as Foundation's calendar counts them, over eight centuries")
    func agreesWithFoundation() throws {
        var generator = SystemRandomNumberGenerator()
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<2000 {
            // From 1600 to 2400, where both calendars are the Gregorian one.
            let milliseconds = Int64.random(in: -11_676_096_000_000...13_569_465_600_000, using: &generator)
            let text = Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(style)
            let read = try #require(RFC3339.milliseconds(text.utf8))
            // Foundation rounds a Double's last bit its own way.
            #expect(abs(read - milliseconds) <= 1, "\(text)")
        }
    }
}
