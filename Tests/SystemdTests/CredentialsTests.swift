import Foundation
import Glibc
import Testing

@testable import Systemd

@Suite("A credential")
struct CredentialsTests {
    let directory: TemporaryDirectory
    let credentials: Credentials

    init() throws {
        directory = try TemporaryDirectory()
        credentials = Credentials(environment: ["CREDENTIALS_DIRECTORY": directory.path])
    }

    @Test(
        "is read as bytes, without one newline at the end",
        arguments: [
            ("secret", "secret"), ("secret\n", "secret"), ("secret\n\n", "secret\n"), ("\nsecret \n", "\nsecret "),
            ("\n", ""), ("", ""),
        ]
    )
    func content(stored: String, expected: String) throws {
        try directory.write(Array(stored.utf8), to: "redis-password")
        #expect(try credentials.read("redis-password") == Array(expected.utf8))
    }

    @Test("may hold any byte")
    func binary() throws {
        let bytes = (0...255).map { UInt8($0) } + [0x0D]
        try directory.write(bytes, to: "key")
        #expect(try credentials.read("key") == bytes)
    }

    @Test("is absent if there is no such file or no directory at all")
    func absent() throws {
        #expect(try credentials.read("redis-password") == nil)
        #expect(try Credentials(environment: [:]).read("redis-password") == nil)
        #expect(try Credentials(directory: "\(directory.path)/gone").read("redis-password") == nil)
    }

    @Test(
        "cannot be outside of the directory",
        arguments: ["", ".", "..", "../passwd", "/etc/passwd", "a/b", "a\u{0}"]
    )
    func names(name: String) throws {
        try directory.write([1], to: "a")
        #expect(throws: CredentialError(code: .invalidName, name: name)) { try credentials.read(name) }
        #expect(throws: CredentialError(code: .invalidName, name: name)) { try Credentials(directory: nil).read(name) }
    }

    @Test("is read up to 1 MiB and refused beyond")
    func size() throws {
        try directory.write([UInt8](repeating: 7, count: 1_048_576), to: "largest")
        #expect(try credentials.read("largest")?.count == 1_048_576)
        try directory.write([UInt8](repeating: 7, count: 1_048_577), to: "larger")
        #expect(throws: CredentialError(code: .tooLarge, name: "larger")) { try credentials.read("larger") }
    }

    @Test("is refused, and not waited for, if it is no file")
    func notAFile() throws {
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/folder",
            withIntermediateDirectories: false
        )
        #expect(throws: CredentialError(code: .notAFile, name: "folder")) { try credentials.read("folder") }
        try SystemError.check("mkfifo", mkfifo("\(directory.path)/pipe", 0o600))
        #expect(throws: CredentialError(code: .notAFile, name: "pipe")) { try credentials.read("pipe") }
    }

    @Test("that the kernel does not open is an error with its reason")
    func unreadable() throws {
        try SystemError.check("symlink", symlink("loop", "\(directory.path)/loop"))
        let error = #expect(throws: CredentialError.self) { try credentials.read("loop") }
        #expect(error?.code == .unreadable(errno: ELOOP))
        #expect(error?.description.contains("Too many levels of symbolic links") == true)
    }

    @Test("is named in an error so that nothing in the name drives a terminal")
    func description() {
        let error = CredentialError(code: .invalidName, name: "a/\u{1B}[2J")
        #expect(error.description.hasPrefix(#"The credential "a/\x1B[2J" cannot exist"#))
    }
}
