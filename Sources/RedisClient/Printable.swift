/// A text of somebody else's for use in a message: at most so many characters, none of them a control character.
///
/// A server's error may hold any byte; in a terminal an escape sequence would act, in a log a newline would forge a line.
func printable(_ text: some StringProtocol, limit: Int = 1000) -> String {
    let isLong = text.unicodeScalars.count > limit
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(limit) {
        let isControl = scalar.properties.generalCategory == .control
        result.append(isControl ? "\u{FFFD}" : scalar)
    }
    return String(result) + (isLong ? "…" : "")
}
