/// The commands of undisturbed runs, each made once: they take longer than disturbed ones, and are the same for all.
actor Traces {
    static let shared = Traces()

    private var traces: [String: Task<[String], any Error>] = [:]

    /// The trace of that name, made by whoever asks first.
    func trace(_ name: String, _ make: @escaping @Sendable () async throws -> [String]) async throws -> [String] {
        let task = traces[name] ?? Task { try await make() }
        traces[name] = task
        return try await task.value
    }
}
