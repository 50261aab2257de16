/// The checksum by which a cluster spreads keys: CRC-16/XMODEM, polynomial 0x1021 from 0.
///
/// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
enum CRC16 {
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        var sum: UInt16 = 0
        for byte in bytes { sum = (sum << 8) ^ table[Int(UInt8(sum >> 8) ^ byte)] }
        return sum
    }

    private static let table: [UInt16] = (0..<256).map { byte in
        (0..<8).reduce(UInt16(byte) << 8) { sum, _ in sum & 0x8000 != 0 ? (sum << 1) ^ 0x1021 : sum << 1 }
    }
}
