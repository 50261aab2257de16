/// Reads settings from their sources, and says all that is wrong with them at once.
///
/// Precedence, the highest first: command line, environment, `.env`, credentials, configuration file, the default
/// password file, defaults. Each text is checked by its row of ``SettingTable``, also where a higher layer wins over
/// it: a mistake in a file is found before the day on which it counts.
///
/// An empty text means "none" where there can be none (`REDIS_PASSWORD=` connects without a password, whatever lower
/// layers say). An empty `redis.url`, `redis.socket`, `redis.sentinels` or `redis.password-file` counts as if the key
/// were not there. Everywhere else it is an error.
public struct SettingsReader: Sendable {
    /// What is read.
    public let sources: SettingsSources

    /// Creates a reader; nothing is read yet.
    public init(_ sources: SettingsSources) {
        self.sources = sources
    }

    /// Reads all sources. Reading again, as on a reload, begins anew.
    ///
    /// `required` names keys that the caller cannot do without, each with what to write.
    public func read(requiring required: KeyValuePairs<String, String> = [:]) throws(SettingsError) -> LoadedSettings {
        var findings = Findings()
        var stack = LayerStack([
            .commandLine(sources, &findings),
            .environment(sources, &findings),
            .dotEnv(sources, &findings),
            .credentials(sources.credentialsDirectory, &findings),
            .file(sources, &findings),
            .fallbacks,
        ])
        stack.settleAlternatives(&findings)
        var draft = SettingsDraft(stack, caller: sources.caller, &findings)
        draft.readSecretFiles(defaultPasswordFile: sources.defaultPasswordFile, &findings)
        draft.check(&findings)
        draft.checkTrust(&findings)
        if let path = sources.configFile?.path { draft.require(required, in: path, &findings) }
        guard findings.problems.isEmpty else { throw SettingsError(problems: findings.problems) }
        return LoadedSettings(settings: draft.settings, warnings: findings.warnings, values: draft.values)
    }
}
