extension Layer {
    /// The configuration file.
    static func file(_ sources: SettingsSources, _ findings: inout Findings) -> Layer {
        var layer = Layer(name: "file")
        guard let source = sources.configFile, let file = open(source, &findings) else { return layer }
        // The standard one is the host's own word, whomever root lets write it.
        if source.path != SettingsSources.standardConfigPath {
            layer.trust = .ofNamedFile(file, at: source.path, caller: sources.caller)
        }
        guard let text = file.text else {
            findings.add(.init(source: source.path, "is not UTF-8 text"))
            return layer
        }
        let before = findings.problems.count
        let (entries, faults) = YAMLReader.read(text)
        for fault in faults {
            let key = fault.key.flatMap(SettingTable.knownPart)
            findings.add(.init(source: source.path, line: fault.line, key: key, fault.message))
        }
        for entry in entries {
            let origin = SettingOrigin.file(path: source.path, line: entry.line)
            guard findings.problems.count < before + 2 * Findings.mostProblemsInFile else {
                findings.add(.init(at: origin, "too many problems; the rest of the file was not read"))
                break
            }
            layer.take(entry, at: origin, &findings)
        }
        findings.sortByLine(since: before)
        layer.warnIfExposed(file, path: source.path, &findings)
        return layer
    }

    private static func open(_ source: SettingsSources.ConfigFile, _ findings: inout Findings) -> BoundedFile? {
        do {
            return try BoundedFile.read(source.path, limit: SettingsSources.largestFile)
        } catch let fault where fault.isMissing && !source.mustExist {
            return nil
        } catch {
            findings.add(error)
            return nil
        }
    }

    /// What to say about a key that is not in the table; below one that is, or glued to one, may stand its value.
    private static func unknown(_ path: String, at origin: SettingOrigin) -> SettingsError.Problem {
        let parent = SettingTable.knownPart(of: path)
        if let parent, SettingTable.key(named: parent) != nil {
            return .init(at: origin, key: parent, "takes one value, and no keys below it")
        }
        let glued = path.firstIndex { ":=".contains($0) || $0.isWhitespace }.map { String(path[..<$0]) }
        if let glued, SettingTable.key(named: glued) != nil {
            return .init(at: origin, key: glued, "is not followed by a colon and a blank; write key: value")
        }
        return UnknownName(path, meant: nearest(to: path, among: SettingTable.names)).problem(at: origin, below: parent)
    }

    private mutating func take(_ entry: YAMLReader.Entry, at origin: SettingOrigin, _ findings: inout Findings) {
        guard let key = SettingTable.key(named: entry.key) else {
            guard SettingTable.isSection(entry.key) else {
                return findings.add(Self.unknown(entry.key, at: origin))
            }
            // A section whose keys are all comments is as good as none.
            guard entry.value != .nothing else { return }
            return findings.add(.init(at: origin, key: entry.key, "is a section; write its keys below it, indented"))
        }
        switch entry.value {
        case .text(let text):
            take(text, for: key, as: key.name, at: origin, &findings)
        case .list(let items) where key.isList:
            take(items.joined(separator: ","), for: key, as: key.name, at: origin, &findings)
        case .list:
            findings.refused.insert(key.name)
            findings.add(.init(at: origin, key: key.name, "takes one value, not a list"))
        case .nothing:
            findings.refused.insert(key.name)
            findings.add(.init(at: origin, key: key.name, "has no value; give \(key.form), or remove the line"))
        }
    }
}
