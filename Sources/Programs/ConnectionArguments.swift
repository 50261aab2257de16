import ArgumentParser
import FoundationEssentials
import Glibc
import Settings

/// The options of both programs that say where the configuration and Redis are; each with one dash or with two.
public struct ConnectionArguments: ParsableArguments {
    /// The configuration file.
    @Option(
        name: .anyDash("config", letter: "c"),
        help: ArgumentHelp("Configuration file (default: \(SettingsSources.standardConfigPath)).", valueName: "file")
    )
    public var config: String?

    /// The `.env` file.
    @Option(
        name: .anyDash("env-file"),
        help: ArgumentHelp("File of variables to read besides the environment.", valueName: "file")
    )
    public var envFile: String?

    /// The host.
    @Option(
        name: .anyDash("redis-host"),
        help: ArgumentHelp("Redis host (REDIS_HOST).", valueName: "host")
    )
    public var redisHost: String?

    /// The port.
    @Option(
        name: .anyDash("redis-port"),
        help: ArgumentHelp("Redis port (REDIS_PORT).", valueName: "port")
    )
    public var redisPort: String?

    /// The database.
    @Option(
        name: .anyDash("redis-database"),
        help: ArgumentHelp("Redis database (REDIS_DATABASE).", valueName: "number")
    )
    public var redisDatabase: String?

    /// The Unix socket.
    @Option(
        name: .anyDash("redis-socket"),
        help: ArgumentHelp("Redis Unix socket (REDIS_SOCKET).", valueName: "path")
    )
    public var redisSocket: String?

    /// Whether to speak TLS.
    @Option(
        name: .anyDash("redis-tls-enabled"),
        help: ArgumentHelp("Speak TLS (REDIS_TLS_ENABLED).", valueName: "true|false")
    )
    public var redisTLSEnabled: String?

    /// Whether it is a cluster.
    @Option(
        name: .anyDash("redis-cluster-enabled"),
        help: ArgumentHelp("Redis Cluster (REDIS_CLUSTER_ENABLED).", valueName: "true|false")
    )
    public var redisClusterEnabled: String?

    /// Refused: arguments are public.
    @Option(
        name: .anyDash("redis-password"),
        help: .hidden
    )
    var redisPassword: String?

    /// No options.
    public init() {}

    /// Refuses a password, which every user of the host could read.
    public func validate() throws {
        guard redisPassword == nil else {
            throw ValidationError(
                "A password on the command line can be read by every user of this host. Put it into a file and name that "
                    + "in REDIS_PASSWORD_FILE, or set REDIS_PASSWORD."
            )
        }
    }

    /// What these options say, and where else to look.
    ///
    /// An instance stands for the configuration file of a unit's instance where no file is named. With
    /// `readsWorkingDirectory` the `.env` of the working directory is read where none is named.
    public func sources(readsWorkingDirectory: Bool, instance: String? = nil) -> SettingsSources {
        let given = [
            "redis.host": redisHost, "redis.port": redisPort, "redis.database": redisDatabase,
            "redis.socket": redisSocket, "redis.tls.enabled": redisTLSEnabled,
            "redis.cluster.enabled": redisClusterEnabled,
        ]
        var dotEnv: SettingsSources.DotEnv?
        if let envFile {
            dotEnv = SettingsSources.DotEnv(path: envFile)
        } else if readsWorkingDirectory {
            dotEnv = .ofWorkingDirectory(userID: geteuid())
        }
        let environment = ProcessInfo.processInfo.environment
        // The daemon is the service manager's, which hands over the password too.
        let caller =
            readsWorkingDirectory
            ? SettingsSources.Caller.detect(userID: geteuid(), environment: environment) : .itself
        return .installed(
            overrides: given.compactMapValues { $0 },
            environment: environment,
            dotEnv: dotEnv,
            configPath: config ?? instance.flatMap(SettingsSources.configPath(ofInstance:)),
            caller: caller
        )
    }
}
