extension Event {
    /// The facts that events carry: in the journal a field of its name in capitals, in the history one of its name.
    public enum Fact: String, Sendable, CaseIterable {
        /// A migration's name.
        case migration
        /// A step's kind, or the phase that a gate holds.
        case phase
        /// What it was before: a phase.
        case from
        /// What it is now: a phase.
        case to
        /// The current version.
        case schemaVersion = "schema_version"
        /// The version wanted.
        case targetVersion = "target_version"
        /// One word of the list of reasons.
        case reason
        /// Who had the lock until then.
        case holder
        /// Who did it: a lock's holder, or user@host.
        case by
        /// Who had opened the gate: user@host, as the approval says.
        case approvedBy = "approved_by"
        /// Why, in that person's words.
        case approvalReason = "approval_reason"
        /// A sentence for people; of an order, why it was given, in the person's words.
        case detail
        /// How long a step took; of an order, how long it holds.
        case duration
        /// When the next try begins.
        case retryIn = "retry_in"
    }
}
