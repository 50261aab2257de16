import Logging

extension LogHandler {
    /// Everything that goes with one event, by key: the handler's metadata, the provider's, the event's, the error.
    ///
    /// The later in that order wins. The error's keys are those of swift-log's own handler.
    func pairs(of event: LogEvent) -> [(key: String, value: String)] {
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { _, new in new }
        all.merge(event.metadata ?? [:]) { _, new in new }
        if let error = event.error {
            all["error.message"] = "\(error)"
            all["error.type"] = "\(String(reflecting: type(of: error)))"
        }
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
    }
}
