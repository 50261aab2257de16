import ArgumentParser
import MigrationKit
import Settings

/// Why an order is given, and how long it holds.
struct OrderOptions: ParsableArguments {
    @OptionGroup var reasoning: ReasonOption

    @Option(
        name: .anyDash("for"),
        help: ArgumentHelp("End it by itself after this time, such as 2h (default: never).", valueName: "time")
    )
    var time: String?

    /// How long it holds; nil for as long as nobody ends it.
    func duration() throws -> Duration? {
        try time.map { try CommandTime.parse($0, option: "--for") }
    }

    /// The order of the person at the keyboard, at a moment of the server's clock.
    func order(at now: Timestamp) throws -> Override {
        var order = reasoning.order
        order.until = try duration().map {
            Timestamp(milliseconds: now.milliseconds + $0.milliseconds / 1000 * 1000).rfc3339
        }
        return order
    }
}

/// Why an order is given.
struct ReasonOption: ParsableArguments {
    @Option(
        name: .anyDash("reason"),
        help: ArgumentHelp("Why; kept in the history.", valueName: "text")
    )
    var reason = ""

    /// The order of the person at the keyboard.
    var order: Override {
        Override(by: Person.current, at: Timestamp.now.rfc3339, reason: String(reason.prefix(1000)))
    }
}

/// A length of time on the command line.
enum CommandTime {
    /// Reads it; a time that is none is wrong usage.
    static func parse(_ text: String, option: String) throws -> Duration {
        let time: Duration
        do throws(ValueFault) {
            time = try DurationText.parse(text)
        } catch {
            throw ValidationError("\(option) takes a time such as 90s, 30m or 2h: “\(text)” \(error.reason).")
        }
        guard time >= .milliseconds(1), time <= .seconds(366 * 86400) else {
            throw ValidationError("\(option) takes a time from 1ms to a year, not “\(text)”.")
        }
        return time
    }
}
