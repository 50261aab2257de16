import RedisClient

/// The text by which people are shown a key's name, which may hold any byte.
public enum KeyText {
    /// The name in the notation of ``SafeText``, cut to a length.
    ///
    /// Nothing in the result can move a terminal's cursor, end a line or end a field.
    public static func escaped(_ name: Bytes, limit: Int = 120) -> String {
        SafeText.escaped(name, limit: limit)
    }

    /// A text that was escaped before it was stored: backslashes stay, everything else is escaped as in `escaped`.
    public static func printable(_ text: String) -> String {
        SafeText.guarded(text, limit: 500)
    }
}
