extension Layer {
    /// The configuration file.
    static func file(_ source: SettingsSources.ConfigFile?, _ findings: inout Findings) -> Layer {
        var layer = Layer(name: "file")
        guard let source, let file = open(source, &findings) else { return layer }
        guard let text = file.text else {
            findings.add(.init(source: source.path, "is not UTF-8 text"))
            return layer
        }
        let before = findings.problems.count
        let (entries, faults) = YAMLReader.read(text)
        for fault in faults {
            findings.add(.init(source: source.path, line: fault.line, key: fault.key, fault.message))
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

    private mutating func take(_ entry: YAMLReader.Entry, at origin: SettingOrigin, _ findings: inout Findings) {
        guard let key = SettingTable.key(named: entry.key) else {
            guard SettingTable.isSection(entry.key) else {
                return findings.add(.init(at: origin, key: entry.key, Self.unknownKey(entry.key)))
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
