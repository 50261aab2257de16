import Foundation
import TestSupport
import Testing

@Suite("The metrics' file")
struct MetricsFileTests {
    private func read(_ path: String) throws -> MetricsText {
        try MetricsText(String(contentsOfFile: path, encoding: .utf8))
    }

    @Test("tells of a whole migration, is readable by all whatever the umask is, and goes with the daemon")
    func life() async throws {
        try await withStage { stage in
            let home = try TemporaryDirectory()
            let path = home.file("metrics.prom")
            let daemon = try await stage.daemon(["MIGRATEREDIS_METRICS_TEXTFILE": path])
            try await daemon.waitUntilConverged()
            try await eventually(timeout: .seconds(10), "the metrics") {
                try read(path)["reason_info{reason=\"Converged\"}"] == 1
            }
            let metrics = try read(path)
            #expect(metrics["schema_version"] == 1)
            #expect(metrics["schema_target_version"] == 1)
            #expect(metrics["redis_up"] == 1)
            #expect(metrics["condition{type=\"Ready\",status=\"True\"}"] == 1)
            for step in ["plan", "apply", "verify", "cleanup"] {
                #expect(metrics["steps_total{step=\"\(step)\",result=\"finished\"}"] ?? 0 >= 1, "\(step)")
            }
            #expect(metrics["version_raises_total"] == 1)
            #expect(metrics.samples.keys.allSatisfy { !$0.contains("tenant") }, "no label names a key")

            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o644)
            #expect(try FileManager.default.contentsOfDirectory(atPath: home.path) == ["metrics.prom"])
            #expect(await daemon.stop() == .exited(0))
            #expect(try FileManager.default.contentsOfDirectory(atPath: home.path).isEmpty)
        }
    }

    @Test("is whole at every moment, while it is written again and again")
    func atomic() async throws {
        try await withStage(Keyspace(tenants: 60)) { stage in
            let home = try TemporaryDirectory()
            let path = home.file("metrics.prom")
            let pace = ["MIGRATEREDIS_LIMITS_KEYS_PER_SECOND": "100", "MIGRATEREDIS_METRICS_TEXTFILE": path]
            let daemon = try await stage.daemon(pace)
            var versions: Set<Double> = []
            var looks = 0
            var stepSeen = false
            try await eventually(timeout: .seconds(60), "convergence") {
                guard FileManager.default.fileExists(atPath: path) else { return false }
                let metrics = try read(path)
                looks += 1
                if let version = metrics["schema_version"] { versions.insert(version) }
                stepSeen =
                    stepSeen || metrics.samples.keys.contains { $0.hasPrefix("migrateredis_step_keys_processed{") }
                return metrics["reason_info{reason=\"Converged\"}"] == 1
            }
            #expect(looks > 1 && stepSeen)
            #expect(versions == [0, 1])
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("that cannot be written is told of once, and the migration goes on; a reload finds a better place")
    func unwritable() async throws {
        try await withStage(Keyspace(tenants: 2)) { stage in
            let home = try TemporaryDirectory()
            let missing = home.file("missing/metrics.prom")
            let file = try home.write("schema: {target: 1}\nmetrics: {textfile: \(missing)}\n", to: "config.yaml")
            let daemon = try await stage.daemon(
                without: ["MIGRATEREDIS_SCHEMA_TARGET"],
                arguments: ["--config", file]
            )
            try await daemon.waitForLine("metrics not written", missing, "No such file")
            try await daemon.waitUntilConverged()
            #expect(daemon.lines("metrics not written").count == 1)

            let path = home.file("metrics.prom")
            try home.write("schema: {target: 1}\nmetrics: {textfile: \(path)}\n", to: "config.yaml")
            daemon.signal(SIGHUP)
            try await daemon.waitForLine("configuration reloaded")
            try await eventually(timeout: .seconds(10), "the metrics") {
                try FileManager.default.fileExists(atPath: path)
                    && read(path)["reloads_total{result=\"accepted\"}"] == 1
            }
            try home.write("schema: {target: 1}\n", to: "config.yaml")
            daemon.signal(SIGHUP)
            try await eventually(timeout: .seconds(10), "no file") { !FileManager.default.fileExists(atPath: path) }
            #expect(await daemon.stop() == .exited(0))
        }
    }

    @Test("takes the place of a link, and does not follow it")
    func link() async throws {
        try await withStage(Keyspace(tenants: 1)) { stage in
            let home = try TemporaryDirectory()
            let victim = try home.write("untouched", to: "victim")
            let path = home.file("metrics.prom")
            for name in [path, path + ".new"] {
                try FileManager.default.createSymbolicLink(atPath: name, withDestinationPath: victim)
            }
            let daemon = try await stage.daemon(["MIGRATEREDIS_METRICS_TEXTFILE": path])
            try await daemon.waitUntilConverged()
            #expect(try String(contentsOfFile: victim, encoding: .utf8) == "untouched")
            #expect(try read(path)["schema_latest_version"] ?? 0 >= 1)
            #expect(await daemon.stop() == .exited(0))
            #expect(try String(contentsOfFile: victim, encoding: .utf8) == "untouched")
        }
    }
}
