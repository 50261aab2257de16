import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

@Suite("The epoch")
struct EpochTests {
    @Test("is stored as its number and the holder's token")
    func bytes() {
        #expect(Epoch(number: 7, token: "abc").bytes == Bytes("7:abc"))
        #expect(Epoch(number: 0, token: "").bytes == Bytes("0:"))
    }

    @Test("comes back as it was stored")
    func roundTrip() {
        var generator = SplitMix64(seed: 21)
        for _ in 0..<200 {
            let number = UInt64.random(in: 0...UInt64(Bounded.most), using: &generator)
            let epoch = Epoch(number: number, token: HolderIdentity.randomToken())
            #expect(Epoch(epoch.bytes) == epoch)
        }
        // The token is all that stands behind the first colon.
        #expect(Epoch(Bytes("7:a:b")) == Epoch(number: 7, token: "a:b"))
    }

    @Test(
        "in another form is none",
        arguments: [
            "", ":", ":t", "7", "x:t", "7x:t", "-1:t", " 7:t", "7 :t", "0x7:t", "1.0:t", "281474976710657:t",
            "18446744073709551614:t", "18446744073709551615:t", "99999999999999999999:t",
        ]
    )
    func otherForms(text: String) {
        #expect(Epoch(Bytes(text)) == nil)
        #expect(Epoch(Bytes("7:") + [0xFF]) == nil)
    }

    @Test("is only what its own bytes say", arguments: ["+7:t", "007:t"])
    func canonical(text: String) {
        let epoch = Epoch(Bytes(text))
        #expect(epoch == nil || epoch?.bytes == Bytes(text))
    }

    @Test("is raised by one up to the last number")
    func next() {
        #expect(Epoch(number: 7, token: "a").next(token: "b") == Epoch(number: 8, token: "b"))
        let last = UInt64(Bounded.most)
        #expect(Epoch(number: last - 1, token: "a").next(token: "b")?.number == last)
        #expect(Epoch(number: last, token: "a").next(token: "b") == nil)
    }

    @Test("of two holders that raise the same number is not the same")
    func tokens() {
        #expect(Epoch(number: 6, token: "a") != Epoch(number: 6, token: "b"))
        #expect(Epoch(number: 6, token: "a") != Epoch(number: 7, token: "a"))
    }
}
