import Glibc

/// Everything that settings are read from; a value, so that a test can say all of it.
public struct SettingsSources: Sendable, Equatable {
    /// The configuration file.
    public struct ConfigFile: Sendable, Equatable {
        /// Where it is.
        public var path: String
        /// Whether a missing file is an error, as it is when somebody named it.
        public var mustExist: Bool

        /// Names a file.
        public init(path: String, mustExist: Bool) {
            self.path = path
            self.mustExist = mustExist
        }
    }

    /// An `.env` file.
    public struct DotEnv: Sendable, Equatable {
        /// How the program came to it.
        public enum Finding: Sendable, Equatable {
            /// Somebody named it: it must exist, and must be right.
            case named
            /// Nobody named it: it lies where this user happens to stand. It is read only if nobody but this user and
            /// root can have written it, and never by root.
            case found(by: UInt32)
        }

        /// Where it is.
        public var path: String
        /// How the program came to it.
        public var finding: Finding

        /// Names a file.
        public init(path: String, finding: Finding = .named) {
            self.path = path
            self.finding = finding
        }

        /// The `.env` of the working directory, if there is one.
        public static func ofWorkingDirectory(userID: UInt32) -> DotEnv {
            DotEnv(path: ".env", finding: .found(by: userID))
        }
    }

    /// Texts from the command line, by file key.
    public var overrides: [String: String]
    /// The variables of the process.
    public var environment: [String: String]
    /// Variables with this program's prefix that are no settings, such as one that the caller reads by itself.
    public var ignoredVariables: Set<String>
    /// The `.env` file to read; nil for none.
    public var dotEnv: DotEnv?
    /// The directory of systemd's credentials; nil for none.
    public var credentialsDirectory: String?
    /// The configuration file; nil for none.
    public var configFile: ConfigFile?
    /// The password file to use if it can be read and nothing else gives a password; nil for none.
    public var defaultPasswordFile: String?
    /// Who wrote the command line and the environment.
    public var caller: Caller

    /// Names sources; by default there are none.
    public init(
        overrides: [String: String] = [:],
        environment: [String: String] = [:],
        ignoredVariables: Set<String> = [],
        dotEnv: DotEnv? = nil,
        credentialsDirectory: String? = nil,
        configFile: ConfigFile? = nil,
        defaultPasswordFile: String? = nil,
        caller: Caller = .itself
    ) {
        self.overrides = overrides
        self.environment = environment
        self.ignoredVariables = ignoredVariables
        self.dotEnv = dotEnv
        self.credentialsDirectory = credentialsDirectory
        self.configFile = configFile
        self.defaultPasswordFile = defaultPasswordFile
        self.caller = caller
    }

    /// The sources of an installed program: the files in their standard places, credentials as systemd says.
    ///
    /// - Parameter configPath: the file that `--config` names, which must exist; nil for the standard one, which need
    ///   not.
    public static func installed(
        overrides: [String: String] = [:],
        environment: [String: String],
        dotEnv: DotEnv? = nil,
        configPath: String? = nil,
        caller: Caller = .itself
    ) -> SettingsSources {
        let credentials = environment["CREDENTIALS_DIRECTORY"]
        return SettingsSources(
            overrides: overrides,
            environment: environment,
            dotEnv: dotEnv,
            credentialsDirectory: credentials,
            configFile: ConfigFile(path: configPath ?? standardConfigPath, mustExist: configPath != nil),
            defaultPasswordFile: hasPassword(credentials)
                ? nil : passwordFile(beside: configPath ?? standardConfigPath),
            caller: caller
        )
    }

    /// Whether the service manager hands a password over, be it an empty one: it then comes from the standard file, which
    /// the service itself cannot read.
    private static func hasPassword(_ credentials: String?) -> Bool {
        guard let credentials, !credentials.isEmpty else { return false }
        return access(credentials + "/redis-password", F_OK) == 0
    }

    /// Where the configuration file is unless somebody says otherwise.
    public static let standardConfigPath = "/etc/migrateredis/migrateredis.yaml"

    /// Where the configuration file of an instance is, as the unit `migrateredisd@NAME` names it; nil for what is no name.
    public static func configPath(ofInstance name: String) -> String? {
        guard !name.isEmpty, !name.hasPrefix("."), !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0) else {
            return nil
        }
        return "/etc/migrateredis/\(name)/migrateredis.yaml"
    }

    /// Where the password file is that nobody needs to name: beside the configuration file, so that the secret of one Redis
    /// does not go to another.
    static func passwordFile(beside configPath: String) -> String {
        (configPath.lastIndex(of: "/").map { String(configPath[...$0]) } ?? "") + "redis-password"
    }

    /// The size in bytes above which a configuration or `.env` file is refused.
    static let largestFile = 1 << 20
}

extension SettingsSources: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The files; what the environment and the command line say may be secret.
    public var description: String {
        let paths = [dotEnv?.path, credentialsDirectory, configFile?.path, defaultPasswordFile].compactMap { $0 }
        return "SettingsSources(\(paths.map { printable($0) }.joined(separator: ", ")))"
    }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// A mirror without children, so that `dump` finds nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
