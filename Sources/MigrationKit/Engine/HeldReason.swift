/// Why a key is held back for a person, and what settles it. The documentation's "Runbook" has a section for each.
public enum HeldReason: String, Sendable, CaseIterable {
    /// The new name holds something that this program did not write.
    case foreign
    /// The new key is not what was copied: applications use it.
    case inUse
    /// The old key was deleted after the raise; the record lives on under the new name.
    case sourceGone
    /// A new key whose copying broke off, without its old one.
    case orphan
    /// A removal of the old key broke off, and somebody has made it anew.
    case recreated
    /// Both sides changed, to different things.
    case diverged
    /// Two old keys for one new name, or a new name that is itself an old key.
    case collision
    /// The name can be read as old and as new.
    case ambiguous
    /// Larger than `limits.key-bytes`.
    case tooLarge
    /// The name is longer than is asked about.
    case tooLong
    /// Beyond a limit of the server, which hangs up.
    case refused
    /// It did not come within the time-out.
    case tooSlow
    /// A field that should hold a time holds none.
    case notATimestamp
    /// A stream with consumer groups.
    case consumerGroups
    /// The new key lacks the old one's expiry.
    case expiryLost
    /// Copied, and the new key is gone.
    case destinationMissing
    /// An old key that new applications may have deleted.
    case reappeared
    /// An old key that was never copied, at cleanup.
    case uncopied
    /// An old key that changed since it was copied, at cleanup.
    case sourceChanged
    /// It changes faster than it can be compared.
    case hot

    /// The way out, as the end of a sentence; nil for a reason that `resolve` settles, that passes by itself, or that is none.
    public static func wayOut(of reason: String) -> String? { HeldReason(rawValue: reason)?.wayOut }

    private var wayOut: String? {
        switch self {
        case .collision: return "rename or remove one of the old keys, or the new key that is itself an old one"
        case .orphan: return "remove the new key, or leave it to the applications"
        case .ambiguous:
            return "rename it to the old or the new name of its tenant, make that tenant's record, set its own field "
                + "id, or remove it"
        case .tooLarge: return "raise limits.key-bytes, or remove it"
        case .tooLong: return "rename it to less than \(NameBound.text), or remove it"
        case .refused:
            return "raise the limit of the server at which it hangs up (client-output-buffer-limit, "
                + "client-query-buffer-limit, proto-max-bulk-len or maxmemory-clients), or remove it"
        case .tooSlow:
            return "it does not come within the time-out of 10 s: shorten the way to the server, or remove it"
        case .hot: return "it changes faster than it can be compared: try again when it is calmer"
        case .notATimestamp:
            return "correct its created_at or updated_at with HSET, to RFC 3339 or Unix milliseconds"
        case .consumerGroups: return "remove its consumer groups, or move it by hand"
        case .destinationMissing, .reappeared:
            return "its new key is gone: keep the source, or remove the old key yourself"
        case .foreign, .diverged, .recreated, .expiryLost:
            return "a side is of another type, which is no copy: keep the source, or rename or remove one yourself"
        case .inUse, .sourceGone, .uncopied, .sourceChanged: return nil
        }
    }

    /// The way out of all these reasons, as a part of a sentence: `resolve`, if it settles any of them, since it names the
    /// way out of the others.
    public static func remedy(for reasons: some Collection<String>) -> String {
        let ways = Set(reasons).sorted().map { isSettledByChoice($0) ? nil : wayOut(of: $0) }
        guard !ways.isEmpty, !ways.contains(nil) else { return "settle them with `migrateredis resolve`" }
        return ways.compactMap { $0 }.joined(separator: "; ")
    }

    /// Whether choosing a side can settle it.
    public static func isSettledByChoice(_ reason: String) -> Bool {
        switch HeldReason(rawValue: reason) {
        case .foreign, .diverged, .recreated, .expiryLost, .destinationMissing, .reappeared, .inUse, .sourceGone: true
        case .orphan, .collision, .ambiguous, .tooLarge, .tooLong, .refused, .tooSlow, .notATimestamp, .consumerGroups,
            .uncopied, .sourceChanged, .hot, nil:
            false
        }
    }
}
