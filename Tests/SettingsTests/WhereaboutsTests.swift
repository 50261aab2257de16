import Foundation
import Testing

@testable import Settings

@Suite("Which file a path leads to")
struct WhereaboutsTests {
    private let folder: Folder
    private let user = getuid()

    init() throws {
        folder = try Folder()
        for (name, mode) in [("ours", 0o755), ("open", 0o777), ("group", 0o775), ("sticky", 0o1777)] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(name)",
                withIntermediateDirectories: false
            )
            try folder.write("\(name)/c.yaml", "redis.host: db\n")
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(name)/below",
                withIntermediateDirectories: false
            )
            try folder.write("\(name)/below/c.yaml", "redis.host: db\n")
            try link("\(name)/link.yaml", to: "\(folder.path)/ours/c.yaml")
            try FileManager.default.setAttributes(
                [.posixPermissions: mode],
                ofItemAtPath: "\(folder.path)/\(name)"
            )
        }
        try link("ours/relative.yaml", to: "../ours/./c.yaml")
        try link("ours/through.yaml", to: "\(folder.path)/open/link.yaml")
        try link("ours/directory", to: "../open/below")
        try link("ours/round.yaml", to: "round.yaml")
    }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: target)
    }

    @Test(
        "is decided by us alone if others can write in no directory on the way, links and theirs included",
        arguments: [
            ("ours/c.yaml", true), ("ours/below/c.yaml", true), ("ours/link.yaml", true), ("ours/relative.yaml", true),
            ("./ours//below/../c.yaml", true), ("sticky/below/c.yaml", true),
            ("open/c.yaml", false), ("group/c.yaml", false), ("sticky/c.yaml", false), ("open/below/c.yaml", false),
            ("open/link.yaml", false), ("sticky/link.yaml", false), ("ours/through.yaml", false),
            ("ours/directory/c.yaml", false), ("ours/../open/c.yaml", false), ("ours/round.yaml", false),
            ("ours/missing.yaml", false), ("ours/c.yaml\0", false),
        ]
    )
    func decided(name: String, isOurs: Bool) {
        #expect(Whereabouts.areDecidedOnly(by: user, path: "\(folder.path)/\(name)") == isOurs)
    }

    @Test("is decided by the owner of a directory on the way, too")
    func owner() {
        // To somebody else all of this belongs to others, unless it is root's.
        let decided = Whereabouts.areDecidedOnly(by: user + 1, path: folder.path + "/ours/c.yaml")
        #expect(decided == (user == 0))
    }

    @Test(
        "decides with who can write it how far a named file is trusted",
        arguments: [
            ("ours/c.yaml", Trust.host), ("ours/link.yaml", .host), ("open/c.yaml", .caller),
            ("open/link.yaml", .caller),
            ("ours/directory/c.yaml", .caller),
        ]
    )
    func trust(name: String, trust: Trust) throws {
        let path = "\(folder.path)/\(name)"
        let file = try BoundedFile.read(path, limit: 1024)
        #expect(file.isWrittenOnly(by: user))
        #expect(Trust.ofNamedFile(file, at: path, caller: .delegate(1_000, as: user)) == trust)
        #expect(Trust.ofNamedFile(file, at: path, caller: .itself) == .host)
    }

    @Test("keeps the credential from a server of a file that others can exchange")
    func credential() throws {
        try folder.write("redis-password", "p\n")
        var sources = SettingsSources(caller: .delegate(1_000, as: user))
        sources.credentialsDirectory = folder.path
        sources.configFile = .init(path: folder.path + "/ours/c.yaml", mustExist: true)
        #expect(try load(sources).settings.redis.password != nil)
        sources.configFile = .init(path: folder.path + "/open/c.yaml", mustExist: true)
        #expect(problems(sources).contains { $0.contains("is not sent to the server of") })
    }
}
