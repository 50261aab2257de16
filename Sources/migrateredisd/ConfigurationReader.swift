import FoundationEssentials
import Glibc
import Logging
import MigrationKit
import Programs
import Reconciler
import RedisClient
import Settings
import Synchronization

/// Reads the daemon's configuration, at start and again at each reload.
struct ConfigurationReader: Sendable {
    private let sources: SettingsSources

    /// The password that systemd handed over, also an empty one: the file may have come later.
    private var credential: LoadedCredential? {
        guard let directory = sources.credentialsDirectory, !directory.isEmpty else { return nil }
        return LoadedCredential(
            path: directory + "/redis-password",
            configPath: sources.configFile?.path ?? SettingsSources.standardConfigPath
        )
    }

    init(arguments: ConnectionArguments) {
        sources = arguments.sources(readsWorkingDirectory: false)
    }

    /// Reads all sources anew.
    ///
    /// Errors: `SettingsError`, `RedisError.misconfigured`.
    func read(logger: Logger) throws -> DaemonConfiguration {
        let (loaded, target) = try Self.load(sources)
        for warning in loaded.warnings {
            logger.warning("configuration", metadata: ["detail": .string(warning)])
        }
        let wiring = try Wiring(loaded)
        var reconciler = wiring.reconciler(target: target, clientName: "migrateredisd")
        reconciler.announces = .daemon
        reconciler.memory = SeenKeyspaceFile(
            environment: ProcessInfo.processInfo.environment,
            keyspace: "\(reconciler.connection) \(reconciler.names.prefix)"
        ) { logger.warning("configuration", metadata: ["detail": .string($0)]) }
        reconciler.connection.onSurplusPassword = Self.once {
            logger.warning("configuration", metadata: ["detail": .string(Hint.surplusPassword(loaded))])
        }
        return DaemonConfiguration(
            reconciler: reconciler,
            metricsFile: wiring.metricsFile,
            credential: credential
        )
    }

    /// Reads all sources as ``read(logger:)`` does, and says all that is wrong with them; needs no Redis.
    ///
    /// `latest` is the newest version that the program knows. With a target above it the daemon would begin and stall.
    func check(latest: Int) -> ConfigurationCheck {
        let loaded: LoadedSettings
        let target: Target
        do {
            (loaded, target) = try Self.load(sourcesOfCheck)
        } catch {
            return ConfigurationCheck(problems: error.problems.map(\.description))
        }
        var check = ConfigurationCheck(warnings: loaded.warnings)
        do {
            _ = try Wiring(loaded)
        } catch {
            check.problems.append("\(error)")
        }
        if target.resolved(latest: latest) > latest {
            let message =
                "is above \(latest), the newest version that this program knows; upgrade it, or lower the target"
            check.problems.append(loaded.problem(with: "schema.target", message).description)
        }
        return check
    }

    /// All sources but a credential that is hidden: systemd 252 shows it to the service itself, and not to the commands of
    /// a reload. At a reload the service keeps its own, so nothing of that can be wrong.
    private var sourcesOfCheck: SettingsSources {
        var sources = sources
        if let directory = sources.credentialsDirectory, access(directory, R_OK | X_OK) != 0 {
            sources.credentialsDirectory = nil
            sources.defaultPasswordFile = nil
        }
        return sources
    }

    /// The settings, with the target that the daemon cannot do without.
    private static func load(_ sources: SettingsSources) throws(SettingsError) -> (LoadedSettings, Target) {
        let advice = "name the wanted version, or “latest”, there or in MIGRATEREDIS_SCHEMA_TARGET"
        let loaded = try SettingsReader(sources).read(requiring: ["schema.target": advice])
        guard let target = Target(loaded.settings.schema) else {
            throw SettingsError(problems: [loaded.problem(with: "schema.target", "is not set; \(advice)")])
        }
        return (loaded, target)
    }

    /// What is said once for each reading of the configuration, and not for each connection.
    private static func once(_ body: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let isSaid = Said()
        return {
            if !isSaid.flag.exchange(true, ordering: .relaxed) { body() }
        }
    }

    private final class Said: Sendable {
        let flag = Atomic(false)
    }
}

extension ReconcilerConfiguration {
    /// What a person should be uneasy about as long as it stands; nil for nothing.
    var caution: String? {
        connection.tls?.verifies == false ? "TLS verification is off, anybody in between can read and change all" : nil
    }
}
