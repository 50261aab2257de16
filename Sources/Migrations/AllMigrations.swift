import MigrationKit

extension MigrationRegistry {
    /// Every migration of the application Outpost, in order; a new one is a folder and a line here.
    public static let outpost = MigrationRegistry([
        HashTags(),
        Timestamps(),
        Entity(),
    ])
}
