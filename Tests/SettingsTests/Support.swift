import Foundation
import Testing

@testable import Settings

/// A folder of its own for one test, removed with it.
final class Folder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "settings-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file that only its owner can use, unless told otherwise, and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        try write(name, Data(text.utf8), mode: mode)
    }

    @discardableResult
    func write(_ name: String, _ data: Data, mode: Int = 0o600) throws -> String {
        let file = path + "/" + name
        try data.write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        return file
    }

    func config(_ text: String, mode: Int = 0o600) throws -> SettingsSources.ConfigFile {
        .init(path: try write("migrateredis.yaml", text, mode: mode), mustExist: true)
    }

    func dotEnv(_ text: String, mode: Int = 0o600) throws -> SettingsSources.DotEnv {
        .init(path: try write(".env", text, mode: mode))
    }

    /// An `.env` that nobody named, as a user without rights finds it: this one, unless the tests run as root.
    func foundDotEnv(_ text: String, mode: Int = 0o600) throws -> SettingsSources.DotEnv {
        .init(path: try write(".env", text, mode: mode), finding: .found(by: someUser))
    }
}

/// A user who is not root, and for whom this user's files are their own or root's.
let someUser = getuid() == 0 ? 65_534 : getuid()

func load(_ sources: SettingsSources) throws -> LoadedSettings {
    try SettingsReader(sources).read()
}

/// The descriptions of the problems; empty if the settings can be read.
func problems(_ sources: SettingsSources) -> [String] {
    do {
        _ = try SettingsReader(sources).read()
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// The problems with a configuration file of this text, without the file's path.
func problems(inFile text: String) throws -> [String] {
    let folder = try Folder()
    let file = try folder.config(text)
    return problems(SettingsSources(configFile: file)).map { $0.replacingOccurrences(of: file.path, with: "file") }
}

/// The problems with an `.env` file of this text, without the file's path.
func problems(inDotEnv text: String) throws -> [String] {
    let folder = try Folder()
    let file = try folder.dotEnv(text)
    return problems(SettingsSources(dotEnv: file)).map { $0.replacingOccurrences(of: file.path, with: "file") }
}

/// Numbers that look random and are the same in every run.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var mixed = state
        mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        return mixed ^ (mixed >> 33)
    }
}

/// Opens files as a user without rights, if the tests run as root. Only this thread is concerned, so that tests beside
/// this one see nothing of it.
func asNobody<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = fileSystemUser(65_534)
    defer { _ = fileSystemUser(UInt32(bitPattern: before)) }
    return try body()
}

/// Linux's `setfsuid`, whose header no Swift module has; it returns the user before.
@_silgen_name("setfsuid")
private func fileSystemUser(_ user: UInt32) -> Int32
