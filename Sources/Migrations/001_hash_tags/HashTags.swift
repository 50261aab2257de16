import MigrationKit

/// Gives all keys of a tenant one hash tag, so that a cluster keeps them in one slot.
///
/// `tenant:ID` → `tenant:{ID}:tenant`, `tenant:ID:destinations` → `tenant:{ID}:destinations`,
/// `tenant:ID:destination:D` → `tenant:{ID}:destination:D`.
public struct HashTags: KeyMoveMigration {
    /// The name.
    public let name = "001_hash_tags"
    /// Raises to 1.
    public let version = 1
    /// For `list`.
    public let description = "Gives all keys of a tenant one hash tag, so that a cluster keeps them in one slot."

    /// The migration; it has no settings.
    public init() {}

    /// The names of tenants, summaries and destinations.
    public func moves(in names: KeyNames) -> any KeyMoves {
        HashTagMoves(root: names.data("tenant:"))
    }

    /// Keyspaces with a deployment id were never without hash tags.
    public func applicability(in names: KeyNames) -> Applicability {
        names.hasDeploymentID
            ? .notApplicable("Keyspaces with a deployment id have had hash tags from the beginning.") : .applicable
    }
}
