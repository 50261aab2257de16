import Logging

extension LogEvent {
    static func test(
        _ message: Logger.Message,
        level: Logger.Level = .info,
        metadata: Logger.Metadata? = nil,
        error: (any Error)? = nil
    ) -> LogEvent {
        LogEvent(
            level: level,
            message: message,
            error: error,
            metadata: metadata,
            source: nil,
            file: "Reconciler/Loop.swift",
            function: "run()",
            line: 42
        )
    }
}
