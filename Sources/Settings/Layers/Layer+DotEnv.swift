extension Layer {
    /// The lines of an `.env` file that are meant for this program.
    static func dotEnv(_ source: SettingsSources.DotEnv?, _ findings: inout Findings) -> Layer {
        var layer = Layer(name: ".env")
        guard let source, let file = open(source, &findings) else { return layer }
        guard let text = file.text else {
            findings.add(.init(source: source.path, "is not UTF-8 text"))
            return layer
        }
        let before = findings.problems.count
        var parser = DotEnvParser(text)
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
                if let key = SettingTable.key(ofVariable: name) {
                    layer.take(text, for: key, as: name, at: origin, &findings)
                } else {
                    findings.add(.init(at: origin, key: name, unknownVariable(name)))
                }
            }
        }
        layer.warnIfExposed(file, path: source.path, &findings)
        return layer
    }

    private static func open(_ source: SettingsSources.DotEnv, _ findings: inout Findings) -> BoundedFile? {
        do {
            let file = try BoundedFile.read(source.path, limit: SettingsSources.largestFile)
            guard source.trustsOnlyRoot, file.owner != 0 || file.isWritableByOthers else { return file }
            findings.warnings.append(
                "\(printable(source.path)): not read, since root reads an .env file only if root alone can write it"
            )
            return nil
        } catch let fault where fault.isMissing && !source.mustExist {
            return nil
        } catch {
            findings.add(error)
            return nil
        }
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
