import Testing

@testable import Settings

@Suite("Reading YAML")
struct YAMLReaderTests {
    @Test("nested maps become dotted keys with the lines of their last part")
    func flat() {
        let (entries, faults) = YAMLReader.read(
            """
            # comment
            schema:
              target: latest
            redis:
              tls: {enabled: yes, verify: "no"}
              sentinels:
                - a:1
                - 'b:2'
              username: ''
            """
        )
        #expect(faults.isEmpty)
        #expect(
            entries == [
                .init(key: "schema.target", value: .text("latest"), line: 3),
                .init(key: "redis.tls.enabled", value: .text("yes"), line: 5),
                .init(key: "redis.tls.verify", value: .text("no"), line: 5),
                .init(key: "redis.sentinels", value: .list(["a:1", "b:2"]), line: 6),
                .init(key: "redis.username", value: .text(""), line: 9),
            ]
        )
    }

    @Test("nothing is nothing, however it is written; quoted it is a text")
    func nulls() {
        for text in ["a:", "a: ~", "a: null", "a: NULL", "a: {}"] {
            #expect(YAMLReader.read(text).entries == [.init(key: "a", value: .nothing, line: 1)])
        }
        #expect(YAMLReader.read("a: 'null'").entries == [.init(key: "a", value: .text("null"), line: 1)])
    }

    @Test(
        "a file without content has no settings",
        arguments: ["", "\n\n", "# only a comment\n", "---\n", "{}", "---\n...\n"]
    )
    func empty(text: String) {
        let (entries, faults) = YAMLReader.read(text)
        #expect(entries.isEmpty && faults.isEmpty)
    }

    @Test("line ends of Windows and a byte order mark do no harm")
    func windows() throws {
        let folder = try Folder()
        let file = try folder.config("\u{FEFF}redis:\r\n  host: db\r\n  port: 7000\r\n")
        let settings = try load(SettingsSources(configFile: file)).settings
        #expect(settings.redis.host == "db" && settings.redis.port == 7_000)
        let dotEnv = try folder.dotEnv("\u{FEFF}REDIS_HOST=db\r\nREDIS_PORT='7000'\r\n")
        #expect(try load(SettingsSources(dotEnv: dotEnv)).settings == settings)
    }

    @Test(
        "what is wrong is named with file, line and key",
        arguments: [
            ("redis:\n  host: a\n  host: b\n", "file:3: redis.host: is already on line 2; keep one"),
            ("redis:\n  host: a\nlock: {}\nredis:\n  port: 1\n", "file:4: redis: is already on line 1; keep one"),
            ("redis:\n  hots: a\n", "file:2: redis.hots: is not a setting; did you mean redis.host?"),
            ("host: a\n", "file:1: host: is not a setting; did you mean redis.host?"),
            (
                "redis:\n  allow_evictions: true\n",
                "file:2: redis.allow_evictions: is not a setting; did you mean redis.allow-eviction?"
            ),
            ("quux: a\n", "file:1: holds a key that is not a setting"),
            ("redis: localhost\n", "file:1: redis: is a section; write its keys below it, indented"),
            ("redis:\n  host: [a]\n", "file:2: redis.host: takes one value, not a list"),
            (
                "redis:\n  host:\n",
                "file:2: redis.host: has no value; give a host name or an address, or remove the line"
            ),
            ("redis:\n  host:\n    name: a\n", "file:3: redis.host: takes one value, and no keys below it"),
            (
                "redis:\n  port: 70000\n",
                "file:2: redis.port: \"70000\" is out of range; give a whole number from 1 to 65535"
            ),
            (
                "reconcile:\n  interval: 30\n",
                "file:2: reconcile.interval: \"30\" has no unit; give a duration from 1s to 1d"
            ),
            ("a: &x 1\n", "file:1: has an anchor (&); quote the value if that is not meant"),
            ("a: *x\n", "file:1: has an alias (*); quote the value if that is not meant"),
            ("redis: &x\n  host: a\n", "file:1: redis: has an anchor (&); quote the value if that is not meant"),
            ("redis:\n  <<: *x\n", "file:2: redis: has an alias (*); quote the value if that is not meant"),
            ("redis:\n  port: !!int 1\n", "file:2: redis.port: has a tag (!); quote the value if that is not meant"),
            ("%TAG ! tag:x,2000:\n---\na: 1\n", "file:1: tags are not used here"),
            ("redis:\n  host: a\n---\nredis:\n  host: b\n", "file:3: a second document begins here; keep one"),
            ("- a\n", "file:1: is not a map; write lines such as key: value"),
            ("text\n", "file:1: is not a map; write lines such as key: value"),
            ("? [a]\n: b\n", "file:1: has a key that is not a text"),
            ("redis:\n  sentinels: [[a]]\n", "file:2: redis.sentinels: has a list of more than plain values"),
            ("a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}\n", "file:1: is nested too deeply"),
            ("redis:\n\thost: a\n", "file:2: is not YAML: found character that cannot start any token"),
            ("redis: {host: a\n", "file:2: is not YAML: did not find expected ',' or '}'"),
            ("redis:\n  host: a\n port: 1\n", "file:3: is not YAML: did not find expected key"),
            ("redis:\n  host: a\n\u{0}\n", "file:3: has a NUL byte"),
            ("a: \"\\0\"\n", "file:1: holds a key that is not a setting"),
            (
                "redis:\n  host: \"a\\0b\"\n",
                "file:2: redis.host: the value has a control character, such as a line end; give a host name or an address"
            ),
            ("\u{1}\n", "file:1: is not YAML: control characters are not allowed"),
        ]
    )
    func refused(text: String, problem: String) throws {
        let found = try problems(inFile: text)
        #expect(found.contains { $0.hasPrefix(problem) }, "\(found)")
    }

    @Test("everything that is wrong is said at once, in the order of the file")
    func all() throws {
        let found = try problems(inFile: "redis:\n  hots: a\n  port: x\nlock:\n  ttl: 5\ncleanup:\n  approval: maybe\n")
        #expect(
            found == [
                "file:2: redis.hots: is not a setting; did you mean redis.host?",
                "file:3: redis.port: the value is not a whole number; give a whole number from 1 to 65535",
                "file:5: lock.ttl: \"5\" has no unit; give a duration from 1s to 1d",
                "file:7: cleanup.approval: the value is neither; give automatic or required",
            ]
        )
    }

    @Test("what the reader and the table find wrong stands in one order, that of the lines")
    func sorted() throws {
        let found = try problems(inFile: "redis:\n  port: x\n  host: a\n  host: b\n  hots: a\n  database: &x 1\n")
        #expect(found.map { $0.prefix(7) } == ["file:2:", "file:4:", "file:5:", "file:6:"], "\(found)")
    }

    @Test("a section whose keys are all commented out is fine")
    func emptySection() throws {
        #expect(try problems(inFile: "redis:\n  # host: db\nlock: {}\n").isEmpty)
        #expect(try problems(inFile: "rediss: {}\n") == ["file:1: holds a key that is not a setting"])
    }

    @Test("random text never does more than be refused")
    func random() {
        var dice = Dice(seed: 7)
        let pieces = [
            "redis", ":", " ", "\n", "  ", "- ", "[", "]", "{", "}", "&a", "*a", "!t", "'", "\"", "|", ">", "#",
            "---\n",
            "...\n", "? ", "%", "\t", "host", ",", "é", "\\", "~", "<<", "\r\n", "@", "`",
        ]
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...30, using: &dice)
            let text = (0..<count).map { _ in pieces.randomElement(using: &dice) ?? "" }.joined()
            let (entries, faults) = YAMLReader.read(text)
            let last = 2 + text.utf8.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
            #expect(entries.allSatisfy { 1...last ~= $0.line } && faults.allSatisfy { 1...last ~= $0.line }, "\(text)")
        }
    }
}
