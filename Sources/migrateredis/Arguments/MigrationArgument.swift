import ArgumentParser
import MigrationKit

/// The migration that a command is about, as its argument or by -migration.
struct MigrationArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The migration, such as 001_hash_tags or 001.", valueName: "name"))
    var name: String?

    @OptionGroup var option: MigrationOption

    /// The one name, if there is one.
    ///
    /// Errors: two names.
    var given: String? {
        get throws { try option.one(or: name) }
    }
}

/// The migration by the original's option.
struct MigrationOption: ParsableArguments {
    @Option(
        name: .anyDash("migration"),
        help: ArgumentHelp("The migration; the same as the argument.", valueName: "name")
    )
    var migration: String?

    /// The name that stands here or there.
    ///
    /// Errors: two names.
    func one(or argument: String?) throws -> String? {
        if let argument, let migration, argument != migration {
            throw ValidationError(
                "Which migration? “\(argument)” is one and -migration \(migration) another: give one name."
            )
        }
        return argument ?? migration
    }
}
