/// Where a value came from.
public enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
    /// An option of the command line.
    case commandLine
    /// A variable of the process.
    case environment(variable: String)
    /// A line of an `.env` file.
    case dotEnv(path: String, line: Int)
    /// A credential that the service manager handed over.
    case credential(path: String)
    /// A line of the configuration file.
    case file(path: String, line: Int)
    /// A file that holds a secret and nothing else.
    case secretFile(path: String)
    /// Nothing named it.
    case fallback

    /// The text that people read, such as "environment REDIS_HOST" or "/etc/migrateredis/migrateredis.yaml line 4".
    public var description: String {
        switch self {
        case .commandLine, .fallback, .secretFile: source
        case .environment(let variable): "\(source) \(variable)"
        case .dotEnv(_, let line), .file(_, let line): "\(source) line \(line)"
        case .credential: "credential \(source)"
        }
    }

    /// The part of the description that does not depend on the value: the file, or what stands for one.
    var source: String {
        switch self {
        case .commandLine: "command line"
        case .environment: "environment"
        case .dotEnv(let path, _), .credential(let path), .file(let path, _), .secretFile(let path): path
        case .fallback: "default"
        }
    }

    /// The line, for files that have lines.
    var line: Int? {
        switch self {
        case .dotEnv(_, let line), .file(_, let line): line
        case .commandLine, .environment, .credential, .secretFile, .fallback: nil
        }
    }
}
