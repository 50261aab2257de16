import RedisClient
import TestSupport
import Testing

@testable import MigrationKit

@Suite("The pattern of a prefix")
struct GlobTests {
    @Test(
        "has every special character escaped",
        arguments: [
            ("tenant:", "tenant:*"), ("", "*"), ("a*b", #"a\*b*"#), ("?", #"\?*"#), ("[a-z]", #"\[a\-z\]*"#),
            (#"\"#, #"\\*"#), ("^", #"\^*"#),
        ]
    )
    func escapes(prefix: String, pattern: String) {
        #expect(Glob.matching(prefix: Bytes(prefix)) == Bytes(pattern))
    }

    @Test("matches the names with the prefix and no others, whatever bytes it holds")
    func walk() {
        var generator = SplitMix64(seed: 41)
        let alphabet = Bytes(#"ab*?[]\^-"#) + [0, 0xFF]
        func random(_ length: Int) -> Bytes {
            (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
        }
        for _ in 0..<5000 {
            let prefix = random(Int.random(in: 0...4, using: &generator))
            let pattern = Glob.matching(prefix: prefix)
            #expect(Self.matches(prefix + random(2), pattern))
            let other = random(Int.random(in: 0...5, using: &generator))
            #expect(Self.matches(other, pattern) == other.starts(with: prefix), "\(other) against \(pattern)")
        }
    }

    /// Redis' matching, as far as an escaped prefix with a star behind it can use it.
    private static func matches(_ name: Bytes, _ pattern: Bytes) -> Bool {
        var name = name[...]
        var pattern = pattern[...]
        while let head = pattern.popFirst() {
            if head == UInt8(ascii: "*") { return pattern.isEmpty }
            guard let byte = name.popFirst() else { return false }
            switch head {
            case UInt8(ascii: "\\"):
                guard pattern.popFirst() == byte else { return false }
            case UInt8(ascii: "?"), UInt8(ascii: "["):
                return true
            default:
                guard head == byte else { return false }
            }
        }
        return name.isEmpty
    }
}
