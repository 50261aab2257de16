/// What is measured of the migrations, in the order in which it is run.
enum Phase: String, CaseIterable, Codable, Sendable {
    case plan1 = "001-plan"
    case apply1 = "001-apply"
    case verify1 = "001-verify"
    case cleanup1 = "001-cleanup"
    case apply2 = "002-apply"
    case verify2 = "002-verify"
    case apply3 = "003-apply"
    case verify3 = "003-verify"

    /// The words that run it by hand, without a question.
    var arguments: [String] {
        switch self {
        case .plan1: ["-migration", "001_hash_tags", "plan"]
        case .apply1: ["-migration", "001_hash_tags", "-auto-approve", "apply"]
        case .verify1: ["-migration", "001_hash_tags", "verify"]
        case .cleanup1: ["-migration", "001_hash_tags", "-force", "cleanup"]
        case .apply2: ["-migration", "002_timestamps", "-auto-approve", "apply"]
        case .verify2: ["-migration", "002_timestamps", "verify"]
        case .apply3: ["-migration", "003_entity", "-auto-approve", "apply"]
        case .verify3: ["-migration", "003_entity", "verify"]
        }
    }

    /// Whether it needs the same run of the server as the phase before it: cleanup trusts no verification of another.
    var needsRunOfThePhaseBefore: Bool { self == .cleanup1 }

    /// Whether the old names are gone when it begins.
    var isOfNewNames: Bool {
        switch self {
        case .plan1, .apply1, .verify1, .cleanup1: false
        case .apply2, .verify2, .apply3, .verify3: true
        }
    }

    /// What the bare commands of its floor are called.
    var bareName: String? {
        switch self {
        case .apply1: "COPY"
        case .apply2, .apply3: "HMGET, HSET"
        case .plan1, .verify1, .cleanup1, .verify2, .verify3: nil
        }
    }

    /// The bare commands of its floor.
    func bare(of tenants: Tenants) -> Recording? {
        switch self {
        case .apply1: tenants.copies()
        case .apply2: tenants.timestamps()
        case .apply3: tenants.entities()
        case .plan1, .verify1, .cleanup1, .verify2, .verify3: nil
        }
    }
}
