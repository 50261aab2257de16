/// What users of Outpost's own tools type out of habit, and what it is here.
enum OtherTools {
    /// A sentence about the first such word among arguments that cannot be understood; nil where there is none.
    static func hint(for arguments: [String]) -> String? {
        let words = arguments.prefix { $0 != "--" }.map { argument in
            argument.hasPrefix("-") ? "--" + argument.drop { $0 == "-" }.prefix { $0 != "=" } : argument
        }
        return words.lazy.compactMap { hints[$0] }.first
    }

    private static let hints = [
        "init":
            "There is no init: a new keyspace is at its version after `migrateredis converge`. Whether one is there "
            + "already says `migrateredis wait --version N --timeout 0`, in words `migrateredis status`.",
        "--current": "Whether a keyspace is at a version says `migrateredis wait --version N --timeout 0`, in words "
            + "`migrateredis status`.",
        "--all": "All that is pending is run by `migrateredis converge`, and shown by `migrateredis plan`.",
        "--rerun":
            "Nothing needs to be run again by hand: until a migration is cleaned, what is written in the old form is "
            + "caught up with by the daemon, by `migrateredis converge`, and by another verify.",
        "--redis-only": "This program migrates Redis only; leave the option out.",
        "--sql-only": "This program migrates Redis only; SQL migrations are Outpost's own.",
        "--log-format": "Data are JSON with `--output json`; the daemon logs to the journal, with fields.",
        "--redis-username": "The user of Redis is named in REDIS_USERNAME, or under redis: in the configuration file.",
        "--redis-cluster": "The option is --redis-cluster-enabled.",
        "--redis-tls": "The option is --redis-tls-enabled.",
        "migrate": "Leave out the word migrate: `migrateredis plan`, `migrateredis converge`.",
    ]
}
