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
    /// Errors: `SettingsError`, `MissingTarget`, `RedisError.misconfigured`.
    func read(logger: Logger) throws -> DaemonConfiguration {
        let loaded = try SettingsReader(sources).read()
        for warning in loaded.warnings {
            logger.warning("configuration", metadata: ["detail": .string(warning)])
        }
        let wiring = try Wiring(loaded)
        guard let target = wiring.target else { throw MissingTarget() }
        var reconciler = wiring.reconciler(target: target, clientName: "migrateredisd")
        reconciler.announces = .daemon
        reconciler.connection.onSurplusPassword = Self.once {
            logger.warning("configuration", metadata: ["detail": .string(Hint.surplusPassword(loaded))])
        }
        return DaemonConfiguration(
            reconciler: reconciler,
            metricsFile: wiring.metricsFile,
            credential: credential
        )
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

/// Nothing says which version is wanted.
struct MissingTarget: Error, CustomStringConvertible {
    let description =
        "schema.target: is not set; name the wanted version, or “latest”, in the configuration file or in "
        + "MIGRATEREDIS_SCHEMA_TARGET."
}
