/// How a value gets from one name to another.
public enum CopyMethod: String, Sendable, Hashable, CaseIterable {
    /// COPY: one command, with the expiry to the millisecond.
    case copy
    /// DUMP of the source when it is looked at, then RESTORE with its expiry: for servers without COPY, and for sources
    /// that live on another node than their destinations.
    case restore
}
