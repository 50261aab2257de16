import Foundation
import Testing

@Suite("Each unit of the package")
struct UnitFileTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("systemd")

    private static let services: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".service") }.sorted()
    }()

    /// The values of a directive, in order.
    private func values(of directive: String, in unit: String) throws -> [String] {
        try String(contentsOf: Self.folder.appendingPathComponent(unit), encoding: .utf8)
            .split(separator: "\n").filter { $0.hasPrefix("\(directive)=") }.map {
                String($0.dropFirst(directive.count + 1))
            }
    }

    @Test("bounds memory and tasks, and writes no memory into a core or a backtrace", arguments: services)
    func bounds(unit: String) throws {
        #expect(try values(of: "MemoryMax", in: unit) == ["512M"])
        #expect(try values(of: "TasksMax", in: unit) == ["1200"])
        #expect(try values(of: "LimitCORE", in: unit) == ["0"])
        #expect(try values(of: "Environment", in: unit).contains("SWIFT_BACKTRACE=enable=no"))
        #expect(try values(of: "NoNewPrivileges", in: unit) == ["yes"])
        #expect(try values(of: "User", in: unit) == ["migrateredis"])
    }

    @Test("is among those that the test looks at")
    func all() {
        #expect(Self.services.count >= 4)
    }
}
