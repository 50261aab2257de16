/// What a reading has found so far besides values.
struct Findings {
    private(set) var problems: [SettingsError.Problem] = []
    var warnings: [String] = []
    /// The file keys of which a text was refused: what depends on them cannot be judged.
    var refused: Set<String> = []

    /// More than anybody corrects in one round; a hostile file must not make a list without end.
    static let mostProblemsInFile = 50

    mutating func add(_ problem: SettingsError.Problem) {
        problems.append(problem)
    }

    /// Adds a warning, unless a file has made too many already.
    mutating func warn(_ text: String) {
        guard warnings.count < Self.mostProblemsInFile else { return }
        warnings.append(text)
    }

    /// Puts the problems found since there were `count` into the order of the lines on which they stand.
    mutating func sortByLine(since count: Int) {
        let sorted = problems[count...].enumerated().sorted {
            ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset)
        }
        problems.replaceSubrange(count..., with: sorted.map(\.element))
    }

    /// `showsPath`: what stands in the place of a path may be the secret that belongs into the file.
    mutating func add(_ fault: FileFault, key: String? = nil, from source: String? = nil, showsPath: Bool = true) {
        guard let source else { return add(.init(source: fault.path, key: key, fault.reason)) }
        let file = showsPath ? printable(fault.path) : "the file that it names"
        add(.init(source: source, key: key, "\(file) \(fault.reason)"))
    }
}
