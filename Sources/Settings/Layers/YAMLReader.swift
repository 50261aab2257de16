/// A YAML document as flat keys: nested maps become dotted names, everything else that YAML can do is refused.
///
/// What one line says wrongly is noted and reading goes on; what leaves the rest without a sure meaning (a syntax
/// error, an alias, a tag, too many levels) ends it.
struct YAMLReader {
    struct Entry: Equatable {
        let key: String
        let value: Value
        let line: Int
    }

    enum Value: Equatable {
        case text(String)
        case list([String])
        /// `key:` and nothing, `null`, `~` or an empty map.
        case nothing
    }

    /// Something is wrong on a line.
    struct Fault: Error, Equatable {
        let line: Int
        let key: String?
        let message: String

        init(line: Int, key: String? = nil, message: String) {
            self.line = line
            // The path of the outermost map is empty, and no name.
            self.key = key == "" ? nil : key
            self.message = message
        }
    }

    /// Deeper than any key of the table, and shallow enough for the stack.
    static let deepest = 8

    private(set) var entries: [Entry] = []
    private(set) var faults: [Fault] = []
    private var lines: [String: Int] = [:]
    private let events: YAMLEvents

    /// Reads a document to its end or to the fault that makes the rest meaningless.
    static func read(_ text: String) -> (entries: [Entry], faults: [Fault]) {
        guard let line = lineOfNUL(text) else {
            guard let events = YAMLEvents(text.utf8) else {
                return ([], [Fault(line: 1, message: "cannot be read: out of memory")])
            }
            var reader = YAMLReader(events)
            do {
                try reader.readStream()
            } catch {
                reader.faults.append(error)
            }
            return (reader.entries, reader.faults)
        }
        return ([], [Fault(line: line, message: "has a NUL byte")])
    }

    private init(_ events: YAMLEvents) {
        self.events = events
    }

    private static func lineOfNUL(_ text: String) -> Int? {
        guard let end = text.utf8.firstIndex(of: 0) else { return nil }
        return 1 + text.utf8[..<end].count { $0 == UInt8(ascii: "\n") }
    }

    private mutating func readStream() throws(Fault) {
        var documents = 0
        while true {
            let event = try next(in: nil)
            switch event.kind {
            case .streamStart, .documentEnd:
                continue
            case .streamEnd:
                return
            case .documentStart(let hasTagDirectives):
                documents += 1
                guard documents == 1 else {
                    throw Fault(line: event.line, message: "a second document begins here; keep one")
                }
                guard !hasTagDirectives else { throw Fault(line: event.line, message: "tags are not used here") }
            case .mappingStart:
                try readMapping(path: "", depth: 1)
            case .scalar("", isPlain: true):
                continue
            case .scalar, .sequenceStart, .alias, .mappingEnd, .sequenceEnd:
                throw Fault(line: event.line, message: "is not a map; write lines such as key: value")
            }
        }
    }

    /// Reads the keys of a map that has begun, to its end; returns whether there were any.
    @discardableResult
    private mutating func readMapping(path: String, depth: Int) throws(Fault) -> Bool {
        var isEmpty = true
        while true {
            let event = try next(in: path)
            if case .mappingEnd = event.kind { return !isEmpty }
            isEmpty = false
            guard case .scalar(let name, _) = event.kind else {
                throw Fault(line: event.line, key: path, message: "has a key that is not a text")
            }
            let key = path.isEmpty ? name : "\(path).\(name)"
            guard key.utf8.count <= Self.longestKey else {
                throw Fault(line: event.line, key: path, message: "has a key of over \(Self.longestKey) bytes")
            }
            let isFirst = note(key, line: event.line)
            let before = entries.count
            try readValue(of: key, line: event.line, depth: depth)
            // The values of a duplicate are read for their own faults, and count for nothing.
            if !isFirst { entries.removeSubrange(before...) }
            guard faults.count < Findings.mostProblemsInFile else {
                throw Fault(line: event.line, message: "too many problems; the rest of the file was not read")
            }
        }
    }

    private mutating func readValue(of key: String, line: Int, depth: Int) throws(Fault) {
        let event = try next(in: key)
        switch event.kind {
        case .scalar(let text, let isPlain):
            let isNull = isPlain && ["", "~", "null", "Null", "NULL"].contains(text)
            entries.append(Entry(key: key, value: isNull ? .nothing : .text(text), line: line))
        case .sequenceStart:
            entries.append(Entry(key: key, value: .list(try readList(of: key)), line: line))
        case .mappingStart:
            guard depth < Self.deepest else { throw Fault(line: event.line, key: key, message: "is nested too deeply") }
            let hasKeys = try readMapping(path: key, depth: depth + 1)
            if !hasKeys { entries.append(Entry(key: key, value: .nothing, line: line)) }
        case .alias, .streamStart, .streamEnd, .documentStart, .documentEnd, .mappingEnd, .sequenceEnd:
            throw Fault(line: event.line, key: key, message: "has no value that can be read")
        }
    }

    private mutating func readList(of key: String) throws(Fault) -> [String] {
        var items: [String] = []
        while true {
            let event = try next(in: key)
            switch event.kind {
            case .sequenceEnd: return items
            case .scalar(let text, _): items.append(text)
            default: throw Fault(line: event.line, key: key, message: "has a list of more than plain values")
            }
        }
    }

    /// Remembers where a key stands; false if it stood somewhere before.
    private mutating func note(_ key: String, line: Int) -> Bool {
        guard let first = lines[key] else {
            lines[key] = line
            return true
        }
        faults.append(Fault(line: line, key: key, message: "is already on line \(first); keep one"))
        return false
    }

    /// The next event, unless it uses what a configuration file does not need: aliases can grow a small file without
    /// bound, tags ask for types that nobody checked.
    private mutating func next(in path: String?) throws(Fault) -> YAMLEvent {
        let event: YAMLEvent
        do {
            event = try events.next()
        } catch {
            throw Fault(line: error.line, message: error.message)
        }
        guard let refusal = Self.refusal(of: event) else { return event }
        throw Fault(line: event.line, key: path, message: "\(refusal); quote the value if that is not meant")
    }

    private static func refusal(of event: YAMLEvent) -> String? {
        if case .alias = event.kind { return "has an alias (*)" }
        if event.hasAnchor { return "has an anchor (&)" }
        return event.hasTag ? "has a tag (!)" : nil
    }

    private static let longestKey = 256
}
