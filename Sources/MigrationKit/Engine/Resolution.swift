/// How a person settles pairs that are held.
public struct Resolution: Sendable, Equatable {
    /// Which side is right.
    public enum Kept: String, Sendable, CaseIterable {
        /// The old key: it is copied over the new one.
        case source
        /// The new key: it is noted as it is, so that the old one counts as copied.
        case destination
    }

    /// Which side is right.
    public var kept: Kept
    /// Only pairs that are held for this reason; nil for any.
    public var reason: String?

    /// A resolution.
    public init(keeping kept: Kept, reason: String? = nil) {
        self.kept = kept
        self.reason = reason
    }

    /// What is done with a pair; a finding of `conflict` means that a person has to do more than choose a side.
    ///
    /// Once the version is raised, nobody holds back what applications write under the new names.
    func ruling(of pairClass: PairClass, _ seen: PairObservation, isRaised: Bool) -> Ruling {
        if let reason, reason != pairClass.rawValue { return Ruling(.leave, .fine) }
        let refusal = Ruling(.leave, .conflict)
        switch (pairClass, kept) {
        case (.foreign, .source), (.diverged, .source), (.recreated, .source): return Ruling(.copyOver, .fine)
        case (.inUse, .source): return Ruling(isRaised ? .leave : .copyOver, .fine)
        // The old key was deleted: so that is done to the new one, or the new one is the applications' from now on.
        case (.sourceGone, .source): return Ruling(.dropDestination, .fine)
        case (.sourceGone, .destination): return Ruling(.forget, .fine)
        case (.expiryLost, .source): return Ruling(.takeExpiry, .fine)
        case (.destinationMissing, .source), (.reappeared, .source): return Ruling(.copy, .fine)
        case (.inUse, .destination) where isRaised: return Ruling(.leave, .fine)
        case (.foreign, .destination), (.diverged, .destination), (.recreated, .destination),
            (.expiryLost, .destination), (.inUse, .destination):
            // What cannot be compared is no base.
            return seen.source?.content == nil || seen.destination?.content == nil ? refusal : Ruling(.note, .fine)
        // To keep a new key that is not there is to remove the old one: that is a person's own doing.
        case (.destinationMissing, .destination), (.reappeared, .destination): return refusal
        case (.collision, _), (.orphan, _): return refusal
        case (.uncopied, _), (.equal, _), (.adopted, _), (.inSync, _), (.sourceChanged, _), (.converged, _),
            (.native, _),
            (.removed, _), (.expiring, _), (.absent, _):
            return Ruling(.leave, .fine)
        }
    }
}

/// What a person must do with a key that choosing a side does not settle.
public enum HeldReason {
    /// The way out, as the end of a sentence; nil for a reason that `resolve` settles, or that is none.
    public static func wayOut(of reason: String) -> String? {
        switch reason {
        case "collision": return "rename or remove one of the old keys, or the new key that is itself an old one"
        case "orphan": return "remove the new key, or leave it to the applications"
        case "ambiguous":
            return "rename it to the old or the new name of its tenant, make that tenant's record, set its own field "
                + "id, or remove it"
        case "tooLarge": return "raise limits.key-bytes, or remove it"
        case "tooLong": return "rename it to less than \(NameBound.text), or remove it"
        case "refused":
            return "raise the limit of the server at which it hangs up (client-output-buffer-limit, "
                + "client-query-buffer-limit, proto-max-bulk-len or maxmemory-clients), or remove it"
        case "tooSlow":
            return "it does not come within the time-out of 10 s: shorten the way to the server, or remove it"
        case "hot": return "it changes faster than it can be compared: try again when it is calmer"
        case "notATimestamp":
            return "correct its created_at or updated_at with HSET, to RFC 3339 or Unix milliseconds"
        case "consumerGroups": return "remove its consumer groups, or move it by hand"
        case "destinationMissing", "reappeared":
            return "its new key is gone: keep the source, or remove the old key yourself"
        case "foreign", "diverged", "recreated", "expiryLost":
            return "a side is of another type, which is no copy: keep the source, or rename or remove one yourself"
        default: return nil
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
        [
            "foreign", "diverged", "recreated", "expiryLost", "destinationMissing", "reappeared", "inUse", "sourceGone",
        ].contains(reason)
    }
}
