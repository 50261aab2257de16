import RedisClient

/// A text of unknown origin made fit for one line of a terminal or a log, in the notation of ``SafeText``, and cut.
///
/// Some of it was put together from escaped parts, so backslashes stay.
func printable(_ text: String, limit: Int = 200) -> String {
    SafeText.guarded(text, limit: limit)
}
