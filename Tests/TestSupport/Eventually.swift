/// Waits until the condition holds, asking again every few milliseconds; throws when it does not within the time-out.
///
/// An error that the condition throws ends the wait at once. The name of what is awaited becomes part of the message.
public func eventually(
    timeout: Duration = .seconds(10),
    _ what: String = "the condition",
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + timeout
    var pause = Duration.milliseconds(1)
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw TestSupportError("Waited \(timeout) for \(what), in vain.")
        }
        try await Task.sleep(for: pause)
        // Short waits end fast, long ones do not load the machine on which the awaited thing works.
        pause = min(pause * 2, .milliseconds(20))
    }
}
