/// How far a migration has come.
///
/// `planned` → `applying` → `applied` → `verified` → `cleaning` → `cleaned`; `failed` from any but the last, and back to
/// the phase that failed once a person has settled what stood in the way.
public enum Phase: String, Sendable, Codable, CaseIterable {
    /// Looked at; nothing written but this.
    case planned
    /// Copies are being made; the checkpoint says how far.
    case applying
    /// Every pair was handled once.
    case applied
    /// Every pair was compared and found right.
    case verified
    /// Old keys are being removed.
    case cleaning
    /// Nothing is left to do.
    case cleaned
    /// Stopped by something that only a person can settle.
    case failed

    /// The place in the order; `failed` stands nowhere, before all.
    public var order: Int {
        switch self {
        case .planned: return 0
        case .applying: return 1
        case .applied: return 2
        case .verified: return 3
        case .cleaning: return 4
        case .cleaned: return 5
        case .failed: return -1
        }
    }

    /// Whether a migration in this phase has been verified in the past.
    public var isVerifiedOrLater: Bool { order >= Phase.verified.order }
}
