/// Settings as they were read, with what a person may want to know about the reading.
public struct LoadedSettings: Sendable, Equatable {
    /// The settings.
    public let settings: Settings
    /// What is legal but unwise or without effect, one sentence each.
    public let warnings: [String]
    /// Every key in the order of ``SettingTable/keys``, with the text that counts and where it stands.
    public let values: [SettingValue]

    /// Where the value of a file key came from; nil if there is no such key.
    public func origin(of key: String) -> SettingOrigin? {
        values.first { $0.key == key }?.origin
    }

    /// Something that is wrong with the value of a key by what only the caller knows, at the place where it stands.
    public func problem(with key: String, _ message: String) -> SettingsError.Problem {
        SettingsError.Problem(at: origin(of: key) ?? .fallback, key: key, message)
    }
}

/// One key, the text that counts, and where that stands.
public struct SettingValue: Sendable, Equatable {
    /// The file key, such as `redis.tls.enabled`.
    public let key: String
    /// The text as it was written, fit for a terminal; "(secret)" for a secret, empty for none.
    public let text: String
    /// Where it was written.
    public let origin: SettingOrigin
}
