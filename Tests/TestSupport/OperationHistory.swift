import Foundation
import Synchronization

/// What applications have done, in the order in which it ended, with what they know of it.
package final class OperationHistory: Sendable {
    /// What an application knows of an operation.
    package enum Outcome: String, Sendable {
        /// Acknowledged.
        case done
        /// Refused: nothing was done.
        case failed
        /// No answer: it was done, or not, or will be.
        case unknown
    }

    /// One operation on one key.
    package struct Entry: Sendable, CustomStringConvertible {
        package var writer: Int
        package var key: String
        package var words: [String]
        /// Milliseconds since the history began.
        package var began: Int
        package var ended: Int
        package var outcome: Outcome

        package var description: String {
            "\(began)–\(ended) ms, writer \(writer), \(outcome): \(words.joined(separator: " ").prefix(120))"
        }
    }

    private let start = ContinuousClock.now
    private let entries = Mutex<[Entry]>([])

    /// An empty history that begins now.
    package init() {}

    /// Milliseconds since it began.
    package var now: Int { Int(start.duration(to: .now) / .milliseconds(1)) }

    /// Adds what has ended.
    package func add(_ entry: Entry) { entries.withLock { $0.append(entry) } }

    /// How many operations ended so.
    package func count(_ outcome: Outcome) -> Int { entries.withLock { all in all.count { $0.outcome == outcome } } }

    /// The last operations on a key, for a message.
    package func tail(of key: String) -> String {
        entries.withLock { all in all.filter { $0.key == key }.suffix(6).map(\.description).joined(separator: "\n") }
    }
}
