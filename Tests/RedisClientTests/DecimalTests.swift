import RedisClient
import Testing

@Suite("A number as digits")
struct DecimalTests {
    @Test("reads as its text does", arguments: [0, 1, -1, 9, 10, -10, 99, 100, 1_704_164_645_678, .max, .min] as [Int])
    func digits(_ number: Int) {
        #expect(Bytes(decimal: number) == Bytes(String(number)))
        #expect(Bytes(decimal: Int64(number)) == Bytes(String(number)))
        var bytes = Bytes("at ")
        bytes.append(decimal: number)
        #expect(bytes == Bytes("at \(number)"))
    }
}
