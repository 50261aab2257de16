import ArgumentParser
import Programs
import Settings

/// The options of every command.
struct CommonOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionArguments

    @Option(
        name: .anyDash("instance"),
        help: ArgumentHelp(
            "The instance, as in migrateredisd@NAME: /etc/migrateredis/NAME/migrateredis.yaml and its password.",
            valueName: "name"
        )
    )
    var instance: String?

    func validate() throws {
        guard let instance else { return }
        guard connection.config == nil else {
            throw ValidationError("--instance and --config both say which file to read: give one of them.")
        }
        guard SettingsSources.configPath(ofInstance: instance) != nil else {
            throw ValidationError("--instance takes the name of an instance, as behind the @ of its unit.")
        }
    }
}

/// The answer to all questions, for commands that ask.
struct YesOption: ParsableArguments {
    @Flag(name: .anyDash("yes", letter: "y"), help: "Answer every question with yes.")
    var yes = false
}

/// Fewer words, for commands whose words are not what people run them for.
struct QuietOption: ParsableArguments {
    @Flag(
        name: .anyDash("quiet", letter: "q"),
        help: "Say nothing where all goes well: no progress, no outcome; questions, warnings and errors are shown."
    )
    var quiet = false
}

/// More words, for commands that walk over keys.
struct VerboseOption: ParsableArguments {
    @Flag(name: .anyDash("verbose"), help: "Show more: up to 20 samples of each sort, and counts by kind.")
    var verbose = false

    /// How many of a list of samples are shown.
    func samples(of usual: Int = 5) -> Int { verbose ? 20 : usual }
}

/// The form in which data is written, for commands that have data.
struct OutputOption: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Option(name: .anyDash("output", letter: "o"), help: "How to write it: text or json.")
    var output = Format.text
}
