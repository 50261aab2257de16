import ArgumentParser

/// What a run may be restricted to.
enum Section: String, CaseIterable, ExpressibleByArgument {
    /// Every phase beside its floors.
    case phases
    /// The time per key as keys become more.
    case growth
    /// Another client's latency.
    case latency
    /// A cluster of three beside one server.
    case cluster
    /// Start-up, status, idle passes.
    case idle
    /// Only what goes over the connections, for a check; never part of a whole run.
    case counts
}
