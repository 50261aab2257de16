import Glibc

extension Layer {
    /// The lines of an `.env` file that are meant for this program.
    ///
    /// Of a file that nobody named only our own names count, and nothing else in it is a mistake; a file that somebody
    /// named must not hold a name that is nearly ours or has one of our prefixes.
    static func dotEnv(_ sources: SettingsSources, _ findings: inout Findings) -> Layer {
        guard let source = sources.dotEnv else { return Layer(name: ".env") }
        let isNamed = source.finding == .named
        var layer = Layer(name: ".env", trust: isNamed ? sources.caller.trust : .found)
        guard let (file, text) = open(source, &findings) else { return layer }
        let before = findings.problems.count
        var parser = DotEnvParser(text)
        var unknown = 0
        for line in parser.lines() {
            let origin = SettingOrigin.dotEnv(path: source.path, line: line.number)
            guard findings.problems.count < before + Findings.mostProblemsInFile else {
                findings.add(.init(at: origin, "too many problems; the rest of the file was not read"))
                break
            }
            switch line.content {
            case .fault(let name, let message):
                findings.add(.init(at: origin, key: name, message))
            case .assignment(let name, let text):
                guard let key = SettingTable.key(ofVariable: name), !text.isEmpty else { continue }
                layer.take(text, for: key, as: name, at: origin, &findings)
            case .unknown(let name):
                unknown += 1
                // To look for what is meant takes time, which a hostile file must not multiply.
                guard unknown <= 4 * Findings.mostProblemsInFile else { continue }
                Self.note(name, at: origin, isNamed: isNamed, &findings)
            }
        }
        layer.warnIfExposed(file, path: source.path, &findings)
        return layer
    }

    /// An unknown name is a mistake in a file that somebody named. In any other it may be another program's, whose files
    /// are also made of other words for our settings: only a typing error is mentioned.
    private static func note(_ name: String, at origin: SettingOrigin, isNamed: Bool, _ findings: inout Findings) {
        if isNamed {
            let meant = SettingTable.variable(meantBy: name)
            guard meant != nil || SettingTable.hasPrefixOfOurs(name) else { return }
            findings.add(UnknownName(name, meant: meant).problem(at: origin))
        } else if let meant = nearest(to: name, among: SettingTable.variables) {
            findings.warn(UnknownName(name, meant: meant).warning(at: origin))
        }
    }

    /// The file; nil, and said, if it is not to be used. What nobody named is never a reason to stop.
    private static func open(
        _ source: SettingsSources.DotEnv,
        _ findings: inout Findings
    ) -> (BoundedFile, String)? {
        do throws(FileFault) {
            let file =
                switch source.finding {
                case .named: try BoundedFile.read(source.path, limit: SettingsSources.largestFile)
                case .found(let user): try found(source.path, by: user)
                }
            guard let text = file.text else { throw FileFault(path: source.path, reason: "is not UTF-8 text") }
            return (file, text)
        } catch {
            switch source.finding {
            case .named: findings.add(error)
            case .found where error.isMissing: break
            case .found:
                findings.warnings.append(
                    "\(printable(source.path)): not read, since it \(error.reason); name it with --env-file if it is meant"
                )
            }
            return nil
        }
    }

    /// Root reads none: whoever owns the directory that root happens to stand in must not choose where root's
    /// password goes, and what lies there may be a link to a file of root's that holds another's words.
    private static func found(_ path: String, by user: UInt32) throws(FileFault) -> BoundedFile {
        guard user == 0 else { return try .readFound(path, by: user, limit: SettingsSources.largestFile) }
        var facts = stat()
        guard lstat(path, &facts) == 0 else { throw FileFault(path: path, code: errno) }
        throw FileFault(path: path, reason: "was named by nobody and root reads none of those")
    }

    /// Says so when everybody can read a file that holds a secret.
    func warnIfExposed(_ file: BoundedFile, path: String, _ findings: inout Findings) {
        let secret = values.first { SettingTable.key(named: $0.key)?.isSecret == true && !$0.value.text.isEmpty }
        guard file.isReadableByAll, let secret else { return }
        findings.warnings.append(
            "\(printable(path)): everybody can read this file, which holds \(secret.value.name); run chmod o-r on it"
        )
    }
}
