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
