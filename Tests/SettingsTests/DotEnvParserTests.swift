import Testing

@testable import Settings

@Suite("Reading .env files")
struct DotEnvParserTests {
    private func texts(_ source: String) -> [String: String] {
        var parser = DotEnvParser(source)
        var texts: [String: String] = [:]
        for line in parser.lines() {
            if case .assignment(let name, let text) = line.content { texts[name] = text }
        }
        return texts
    }

    private func faults(_ source: String) -> [String] {
        var parser = DotEnvParser(source)
        return parser.lines().compactMap { line in
            guard case .fault(let name, let message) = line.content else { return nil }
            return "\(line.number) \(name) \(message)"
        }
    }

    @Test(
        "a value is what a shell would make of it, without expansion",
        arguments: [
            ("REDIS_HOST=db", "db"), ("export REDIS_HOST=db", "db"), ("  REDIS_HOST=db  ", "db"),
            ("REDIS_HOST= db", "db"), ("REDIS_HOST=", ""), ("REDIS_HOST=''", ""), ("REDIS_HOST=\"\"", ""),
            ("REDIS_HOST=db # the first", "db"), ("REDIS_HOST=db#1", "db#1"), ("REDIS_HOST=#db", "#db"),
            ("REDIS_HOST= # none", ""), ("REDIS_HOST=a b", "a b"), ("REDIS_HOST=a=b", "a=b"),
            ("REDIS_HOST='a # b' # c", "a # b"), ("REDIS_HOST='a\\nb$c\"'", "a\\nb$c\""),
            ("REDIS_HOST=\"a\\nb\\\"c\\\\d\\$e\"", "a\nb\"c\\d$e"), ("REDIS_HOST=$HOME", "$HOME"),
            ("REDIS_HOST=a\"b", "a\"b"), ("\tREDIS_HOST=db\t", "db"),
            ("REDIS_HOST=\"a'b\"", "a'b"), ("REDIS_HOST=grün", "grün"), ("REDIS_HOST = db", "db"),
            ("REDIS_HOST\t=\tdb", "db"), ("export  REDIS_HOST = 'db'", "db"), ("export\tREDIS_HOST=db", "db"),
            ("REDIS_HOST: db", "db"), ("REDIS_HOST:a=b", "a=b"), ("REDIS_HOST =", ""), ("REDIS_HOST=:db", ":db"),
        ]
    )
    func values(source: String, text: String) {
        for end in ["", "\n", "\r\n"] {
            #expect(texts(source + end) == ["REDIS_HOST": text])
            #expect(faults(source + end).isEmpty)
        }
    }

    @Test("comments, empty lines and the names of others are passed over")
    func others() {
        let source = """
            # REDIS_HOST=comment

              # indented
            PATH=/bin:$PATH
            KEY="-----BEGIN
            REDIS_HOST=inside
            -----END"
            QUOTE='tis
            foo.bar-baz = x "y
            REDIS_HOST=db
            APP='x' y
            nonsense
            source x
            REDIS=1
            caf\u{E9} = "a
            = b
            REDIS_PORT=7000
            """
        #expect(texts(source) == ["REDIS_HOST": "db", "REDIS_PORT": "7000"])
        #expect(faults(source).isEmpty)
    }

    @Test(
        "what has no sure meaning is refused with its line",
        arguments: [
            ("\nREDIS_HOST", "2 REDIS_HOST has no ="), ("export REDIS_HOST\n", "1 REDIS_HOST has no ="),
            ("REDIS_HOST db=1\n", "1 REDIS_HOST has no ="), ("REDIS_HOST#=a\n", "1 REDIS_HOST has no ="),
            ("REDIS_HOST=a\nREDIS_HOST=a", "2 REDIS_HOST is already on line 1"),
            ("REDIS_HOST=a\nREDIS_HOST: b", "2 REDIS_HOST is already on line 1"),
            ("REDIS_HOST='a", "1 REDIS_HOST has a quote that is never closed"),
            ("REDIS_HOST='a\nb'", "1 REDIS_HOST has a quote that is not closed on its line"),
            ("REDIS_HOST='a'b", "1 REDIS_HOST has text after its closing quote"),
            ("REDIS_HOST='a'#b", "1 REDIS_HOST has text after its closing quote"),
            ("REDIS_HOST=\"a\\tb\"", "1 REDIS_HOST has an unknown escape"),
            ("REDIS_HOST=\"a\\", "1 REDIS_HOST has an unknown escape"),
        ]
    )
    func refused(source: String, start: String) {
        let found = faults(source).filter { $0.hasPrefix(start) }
        #expect(found.count == 1, "\(faults(source))")
    }

    @Test("after a refused line the next one is read")
    func resumes() {
        let source = "REDIS_HOST='a\nREDIS_PORT=1\nnonsense\nREDIS_DATABASE=2\n"
        #expect(texts(source) == ["REDIS_PORT": "1", "REDIS_DATABASE": "2"])
        #expect(faults(source).map { $0.prefix(1) } == ["1"])
    }

    @Test("in a file that somebody named an unknown name that could be meant for this program is an error")
    func unknownNames() throws {
        #expect(
            try problems(
                inDotEnv: "A=1\nREDIS_HOTS=db\nMIGRATEREDIS_LOCK_TLL=1h\nREDIS_FOO=1\nredis_port 7\nREDIS_DB=1\nx\n"
            ) == [
                "file:2: REDIS_HOTS: is not a setting; did you mean REDIS_HOST?",
                "file:3: MIGRATEREDIS_LOCK_TLL: is not a setting; did you mean MIGRATEREDIS_LOCK_TTL?",
                "file:4: holds a key that is not a setting",
                "file:5: redis_port: is not a setting; did you mean REDIS_PORT?",
                "file:6: REDIS_DB: is not a setting; did you mean REDIS_DATABASE?",
            ]
        )
    }

    @Test("a value out of range is an error with its line")
    func badValue() throws {
        #expect(
            try problems(inDotEnv: "\n\nREDIS_PORT=70000\n") == [
                "file:3: REDIS_PORT: \"70000\" is out of range; give a whole number from 1 to 65535"
            ]
        )
        #expect(
            try problems(inDotEnv: "REDIS_PORT=tcp://10.96.0.11:6379\n") == [
                "file:1: REDIS_PORT: the value is not a whole number; give a whole number from 1 to 65535"
            ]
        )
        #expect(try problems(inDotEnv: "REDIS_HOST=a\u{0}b\n").count == 1)
    }

    @Test("random bytes never do more than be refused")
    func random() {
        var dice = Dice(seed: 11)
        let pieces = [
            "REDIS_HOST", "=", "'", "\"", "\\", "\n", "\r\n", " ", "#", "export ", "A", "\u{0}", "é", "REDIS_X", "$",
        ]
        for _ in 0..<3_000 {
            let count = Int.random(in: 0...24, using: &dice)
            let source = (0..<count).map { _ in pieces.randomElement(using: &dice) ?? "" }.joined()
            var parser = DotEnvParser(source)
            let lines = parser.lines()
            let last = 1 + source.unicodeScalars.count { $0 == "\n" }
            #expect(lines.allSatisfy { 1...last ~= $0.number })
        }
    }
}
