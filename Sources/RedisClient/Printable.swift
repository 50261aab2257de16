/// A text of somebody else's for use in a message: ``SafeText/escaped(_:limit:)``, of at most so many characters.
///
/// A server's error may hold any byte; in a terminal an escape sequence would act, in a log a newline would forge a line.
func printable(_ text: some StringProtocol, limit: Int = 1000) -> String {
    SafeText.escaped(text, limit: limit)
}
