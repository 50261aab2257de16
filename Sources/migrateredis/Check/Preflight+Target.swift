import MigrationKit
import Reconciler

extension Preflight {
    /// Whether a daemon with this configuration would begin, and find a version that can be gone to.
    ///
    /// The daemon's own decision, for a process that remembers nothing: what the two say cannot drift apart.
    func target(_ snapshot: SchemaSnapshot) -> CheckFinding {
        guard let target = session.wiring.target else { return Self.missingTarget }
        var observation = Observation(snapshot, registry: session.registry, names: session.names)
        // These have findings of their own, and would hide the target.
        (observation.pause, observation.replicaRefusal, observation.mayEvict) = (nil, nil, false)
        let desired = session.wiring.desired(target: target)
        switch decide(observation, desired) {
        case .stall(.targetUnknown, let message, _), .stall(.targetBelowCurrent, let message, _),
            .stall(.targetBelowStarted, let message, _):
            return .problem("target", message, nil)
        default:
            let wanted = desired.target(in: observation)
            let origin = session.wiring.loaded.origin(of: "schema.target").map { " (\($0))" } ?? ""
            guard case .success(let pin?) = snapshot.pin else {
                return .ok("target", "version \(wanted) is wanted\(origin)")
            }
            return .ok("target", "version \(wanted) is wanted (pinned by \(pin.order.text))")
        }
    }

    /// What the daemon refuses to begin with, whatever server it is for.
    static let missingTarget = CheckFinding.problem(
        "target",
        "schema.target is not set: migrateredisd would not start",
        "name the wanted version, or “latest”, in the configuration file or in MIGRATEREDIS_SCHEMA_TARGET; work by hand "
            + "goes on without it",
        .configuration
    )
}
