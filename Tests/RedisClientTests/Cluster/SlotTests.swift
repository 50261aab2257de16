import Testing

@testable import RedisClient

@Suite("The slots of keys")
struct SlotTests {
    /// The checksum's well-known value, and what `CLUSTER KEYSLOT` of a server answers.
    @Test(
        "are those that a server computes",
        arguments: [
            ("123456789", 0x31C3 % 16_384), ("foo", 12_182), ("{foo}bar", 12_182), ("a{foo}bar{x}", 12_182),
            ("", 0), ("{}foo", 9_500), ("foo{}{bar}", 8_363), ("foo{{bar}}zap", 4_015),
        ]
    )
    func known(key: String, slot: Int) async throws {
        #expect(Slot(of: Bytes(key)).number == slot)
    }

    @Test("every slot has a tag that hashes to it, and no smaller number does")
    func tags() {
        for number in stride(from: 0, to: Slot.count, by: 37) {
            let slot = Slot(number)
            #expect(Slot(of: Bytes("a:{\(slot.tag)}:b")) == slot)
        }
        var first: [Slot: Int] = [:]
        for number in 0..<2000 {
            let slot = Slot(of: Bytes(String(number)))
            if first[slot] == nil { first[slot] = number }
        }
        for (slot, number) in first { #expect(slot.tag == number) }
    }
}
