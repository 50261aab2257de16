import MigrationKit

/// What a daemon's metrics are made of: counted from what the reconciler reports, and from nothing else.
///
/// No label holds a key or anything else that the data decides, so that the number of series is bounded.
public struct Metrics: Sendable, Equatable {
    /// A step that runs.
    struct Running: Sendable, Equatable {
        var migration: String
        var kind: Step.Kind
        var began: Timestamp
        var progress: Progress?
    }

    /// What became of the steps of one kind.
    struct Steps: Sendable, Equatable {
        var finished = 0
        var failed = 0
        var milliseconds: Int64 = 0
    }

    let version: String
    let latest: Int
    let started: Timestamp
    var schemaVersion: Int?
    var target: Int?
    var conditions: [Condition] = []
    var reason: Reason?
    var looked: Timestamp?
    var isReachable: Bool?
    var running: Running?
    var steps: [Step.Kind: Steps] = [:]
    var raises = 0
    var reloads = 0
    var refusedReloads = 0

    /// Metrics of a daemon that has seen nothing yet; `latest` is the newest version that it knows.
    public init(version: String, latest: Int, started: Timestamp) {
        self.version = version
        self.latest = latest
        self.started = started
    }

    /// A pass has looked and decided.
    public mutating func decided(_ report: PassReport, at now: Timestamp) {
        let reason = report.action.explanation.reason
        schemaVersion = report.version
        target = report.target
        conditions = report.conditions
        self.reason = reason
        // What cannot be read was looked at all the same.
        isReachable = report.version != nil || reason == .unreadable
        if isReachable == true { looked = now }
        if case .run = report.action { return }
        running = nil
    }

    /// A step has come so far.
    public mutating func progressed(_ progress: Progress) {
        running?.progress = progress
    }

    /// Something happened.
    public mutating func happened(_ event: Event, at now: Timestamp) {
        switch event.kind {
        case .stepStarted: begin(event, at: now)
        case .stepFinished: end(event, at: now) { $0.finished += 1 }
        case .stepFailed: end(event, at: now) { $0.failed += 1 }
        case .versionRaised:
            raises += 1
            schemaVersion = event.facts[.schemaVersion].flatMap { Int($0) } ?? schemaVersion
        case .reloaded: reloads += 1
        case .reloadRefused: refusedReloads += 1
        default: break
        }
    }

    private mutating func begin(_ event: Event, at now: Timestamp) {
        guard let kind = kind(of: event) else { return }
        running = Running(migration: event.facts[.migration] ?? "", kind: kind, began: now, progress: nil)
    }

    private mutating func end(_ event: Event, at now: Timestamp, _ count: (inout Steps) -> Void) {
        guard let kind = kind(of: event) else { return }
        count(&steps[kind, default: Steps()])
        // One that fails before it has the lock has not begun.
        if let running, running.kind == kind {
            steps[kind, default: Steps()].milliseconds += max(0, running.began.duration(to: now).milliseconds)
        }
        running = nil
    }

    private func kind(of event: Event) -> Step.Kind? { event.facts[.phase].flatMap(Step.Kind.init(rawValue:)) }
}
