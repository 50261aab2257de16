import Foundation
import Testing

@testable import Settings

@Suite("Files that nobody should have written")
struct HostileFileTests {
    private func found(_ data: Data) throws -> [String] {
        let folder = try Folder()
        let path = try folder.write("file", data)
        let asConfig = problems(SettingsSources(configFile: .init(path: path, mustExist: true)))
        let asDotEnv = problems(SettingsSources(dotEnv: .init(path: path)))
        return (asConfig + asDotEnv).map { $0.replacingOccurrences(of: path, with: "file") }
    }

    @Test("two megabytes are refused for their size")
    func large() throws {
        let line = Data("# nothing but a comment\n".utf8)
        let data = (0..<90_000).reduce(into: Data()) { data, _ in data.append(line) }
        #expect(data.count > 2_000_000)
        #expect(try found(data) == ["file: is larger than 1MiB", "file: is larger than 1MiB"])
        #expect(try found(Data(data.prefix(1 << 20))).isEmpty)
        #expect(try found(Data(data.prefix((1 << 20) + 1))).count == 2)
    }

    @Test("bytes that are not UTF-8 are refused, UTF-16 among them")
    func notUTF8() throws {
        #expect(try found(Data([0x61, 0x3A, 0x20, 0xFF])) == ["file: is not UTF-8 text", "file: is not UTF-8 text"])
        #expect(try found(Data([0xFF, 0xFE, 0x61, 0x00])).count == 2)
        #expect(try found(Data([0xC0, 0x80])).count == 2)
    }

    @Test("a directory, a device, a pipe and a missing file are refused without waiting")
    func notRegular() throws {
        let folder = try Folder()
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [folder.path, "/dev/zero", pipe] {
            let found = problems(SettingsSources(configFile: .init(path: path, mustExist: false)))
            #expect(found == ["\(path): is not a regular file"])
            #expect(problems(SettingsSources(dotEnv: .init(path: path))) == found)
        }
        let missing = folder.path + "/missing"
        #expect(
            problems(SettingsSources(configFile: .init(path: missing, mustExist: true))) == [
                "\(missing): cannot be read: No such file or directory"
            ]
        )
        #expect(problems(SettingsSources(dotEnv: .init(path: missing))).count == 1)
        #expect(problems(SettingsSources(configFile: .init(path: missing, mustExist: false))).isEmpty)
    }

    @Test("levels without end are refused, and so is a list in a list in a list")
    func deep() throws {
        let maps = String(repeating: "{a: ", count: 50_000)
        #expect(try problems(inFile: "redis: " + maps).last?.contains("nested too deeply") == true)
        let lists = String(repeating: "[", count: 500_000)
        #expect(try !problems(inFile: "redis: " + lists).isEmpty)
        let indented = (0..<700).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(try problems(inFile: indented).count == 1)
    }

    @Test("a value or a key of half a megabyte is refused, and not shown")
    func huge() throws {
        let huge = String(repeating: "a", count: 500_000)
        for found in try [
            problems(inFile: "redis:\n  host: \(huge)\n"), problems(inFile: "redis:\n  \"\(huge)\": x\n"),
            problems(inFile: "redis:\n  ? \(huge)\n  : x\n"), problems(inDotEnv: "REDIS_HOST=\(huge)\n"),
            problems(inDotEnv: "REDIS_\(huge)=x\n"),
        ] {
            #expect((1...2).contains(found.count), "\(found)")
            #expect(found.joined().utf8.count < 500)
        }
    }

    @Test("a file full of mistakes makes a list that ends")
    func manyMistakes() throws {
        let unknown = (0..<40_000).map { "key\($0): 1\n" }.joined()
        #expect(try problems(inFile: unknown).count <= 101)
        let duplicates = String(repeating: "a: 1\n", count: 100_000)
        #expect(try problems(inFile: duplicates).count <= 101)
        let lines = String(repeating: "REDIS_NONSENSE\n", count: 20_000)
        #expect(try (2...101).contains(problems(inDotEnv: lines).count))
        let folder = try Folder()
        let near = try folder.foundDotEnv(String(repeating: "REDIS_HOSTT=1\n", count: 20_000))
        #expect(try load(SettingsSources(dotEnv: near)).warnings.count <= 50)
    }

    @Test("aliases cannot blow up a small file")
    func laughs() throws {
        let text = "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n"
        #expect(try problems(inFile: text) == ["file:1: has an anchor (&); quote the value if that is not meant"])
    }

    @Test("what a file says cannot move the cursor of who reads the error")
    func escapes() throws {
        let found = try problems(inFile: "\"\\e[2J\\u202Ehost\": x\n") + problems(inDotEnv: "REDIS_\u{1B}[2J=x\n")
        #expect(found.count == 2)
        #expect(!found.joined().unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" })
        let path = problems(SettingsSources(configFile: .init(path: "/\u{1B}[2J", mustExist: true)))
        #expect(path.joined().contains("\\x1b[2J"))
    }
}
