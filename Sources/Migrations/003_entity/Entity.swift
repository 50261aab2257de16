import MigrationKit
import RedisClient

/// Tells in each hash of a tenant or destination which of the two it is.
public struct Entity: FieldRewriteMigration {
    /// The name.
    public let name = "003_entity"
    /// Raises to 3.
    public let version = 3
    /// For `list`.
    public let description = "Gives tenants and destinations the field entity, which tells the two apart."

    /// The migration; it has no settings.
    public init() {}

    /// The field `entity` of tenants and destinations.
    public func rewrites(in names: KeyNames) -> any FieldRewrites {
        EntityRewrites(moves: HashTagMoves(root: names.data("tenant:")))
    }
}

/// What becomes of `entity`: a value stays, whatever it is; none, or an empty one, becomes the kind.
struct EntityRewrites: FieldRewrites {
    let moves: any KeyMoves
    let kinds: Set<String> = ["tenant", "destination"]
    let fields = [Bytes("entity")]

    func rewrite(_ values: [Bytes?], kind: String) -> FieldRewrite {
        if case .some(.some(let value)) = values.first, !value.isEmpty { return .done }
        return .change([FieldChange(field: fields[0], value: Bytes(kind))])
    }
}
