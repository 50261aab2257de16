import MigrationKit

/// What one pass found, as reports need it.
public struct PassReport: Sendable {
    /// What is done about it.
    public var action: Action
    /// The current version, if it could be read.
    public var version: Int?
    /// The version wanted; nil for `latest` before anything is known.
    public var target: Int
    /// The conditions that this amounts to.
    public var conditions: [Condition]
    /// What a person has to settle, as far as it is known.
    public var held: HeldBack?
}

/// Told what the reconciler finds and does; journal, status and terminal are made of it.
public protocol ReconcilerReporter: Sendable {
    /// A pass has looked and decided, and has not acted yet.
    func decided(_ report: PassReport)
    /// A step has come so far.
    func progressed(_ step: Step, _ progress: Progress, in report: PassReport)
    /// Something worth a line happened.
    func happened(_ event: Event)
}
