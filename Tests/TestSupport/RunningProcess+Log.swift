extension RunningProcess {
    /// Waits for a log line that contains all of the texts, and gives it.
    @discardableResult
    package func waitForLine(_ texts: String..., timeout: Duration = .seconds(45)) async throws -> String {
        let deadline = ContinuousClock.now + timeout
        while true {
            let hasEnded = termination != nil
            if let line = lines(texts).first { return line }
            guard !hasEnded, ContinuousClock.now < deadline else {
                throw TestSupportError(
                    "No line with \(texts) (\(hasEnded ? "it ended" : "waited \(timeout)")). Its log:\n\(standardError)"
                )
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The log lines that contain all of the texts.
    package func lines(_ texts: String...) -> [String] { lines(texts) }

    private func lines(_ texts: [String]) -> [String] {
        standardError.split(separator: "\n").map(String.init).filter { line in texts.allSatisfy { line.contains($0) } }
    }

    /// Waits until the daemon says that nothing is left to do.
    package func waitUntilConverged(timeout: Duration = .seconds(45)) async throws {
        try await waitForLine("converged", "reason=Converged", timeout: timeout)
    }
}
