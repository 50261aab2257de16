import Foundation

/// The C sources of `Tests/Loadable`, as libraries that programs under test load; each is compiled once.
///
/// The compiler is the one that every Swift toolchain brings, else the system's.
package actor LoadableLibrary {
    private static let shared = LoadableLibrary()

    private var libraries: [String: Task<String, any Error>] = [:]
    private var directory: TemporaryDirectory?

    /// The path of the library that the source of this name makes.
    package static func path(of name: String, file: String = #filePath) async throws -> String {
        let source = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Loadable/\(name).c").path
        return try await shared.library(name, source)
    }

    private func library(_ name: String, _ source: String) async throws -> String {
        let home = try directory ?? TemporaryDirectory()
        directory = home
        let task = libraries[name] ?? Task { try await Self.compile(source, to: home.file(name + ".so")) }
        libraries[name] = task
        return try await task.value
    }

    private static func compile(_ source: String, to library: String) async throws -> String {
        guard let compiler = Executable.find("clang") ?? Executable.find("cc") else {
            throw TestSupportError("There is neither clang, which a Swift toolchain brings, nor cc.")
        }
        let flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, source]
        let result = try await ProcessRunner.run(compiler, flags)
        guard result.exitStatus == 0 else { throw TestSupportError("\(compiler) \(source): \(result)") }
        return library
    }
}
