import CYAML

/// One event of a YAML stream, with the line on which it begins.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd
        case documentStart(hasTagDirectives: Bool)
        case documentEnd
        case mappingStart, mappingEnd
        case sequenceStart, sequenceEnd
        case alias
        /// `isPlain`: written without quotes, so that `null` and the empty text mean nothing at all.
        case scalar(String, isPlain: Bool)
    }

    let kind: Kind
    let line: Int
    var hasAnchor = false
    var hasTag = false
}

/// The text is not YAML.
struct YAMLSyntaxFault: Error {
    let line: Int
    let message: String
}

/// libyaml's event parser over a text in memory; the only place that touches its pointers.
final class YAMLEvents {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// Nil if there is no memory for a parser.
    init?(_ bytes: some Collection<UInt8>) {
        input = .allocate(capacity: max(bytes.count, 1))
        _ = input.initialize(fromContentsOf: bytes)
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            input.deallocate()
            parser.deallocate()
            return nil
        }
        // Told the encoding, libyaml does not guess UTF-16 from the first bytes.
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event. Not to be called after ``YAMLEvent/Kind/streamEnd`` or a fault.
    func next() throws(YAMLSyntaxFault) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw fault() }
        defer { yaml_event_delete(&event) }
        let line = event.start_mark.line + 1
        switch event.type {
        case YAML_STREAM_START_EVENT:
            return YAMLEvent(kind: .streamStart, line: line)
        case YAML_STREAM_END_EVENT:
            return YAMLEvent(kind: .streamEnd, line: line)
        case YAML_DOCUMENT_START_EVENT:
            let tags = event.data.document_start.tag_directives
            return YAMLEvent(kind: .documentStart(hasTagDirectives: tags.start != tags.end), line: line)
        case YAML_DOCUMENT_END_EVENT:
            return YAMLEvent(kind: .documentEnd, line: line)
        case YAML_MAPPING_START_EVENT:
            let mapping = event.data.mapping_start
            return YAMLEvent(
                kind: .mappingStart,
                line: line,
                hasAnchor: mapping.anchor != nil,
                hasTag: mapping.tag != nil
            )
        case YAML_MAPPING_END_EVENT:
            return YAMLEvent(kind: .mappingEnd, line: line)
        case YAML_SEQUENCE_START_EVENT:
            let list = event.data.sequence_start
            return YAMLEvent(kind: .sequenceStart, line: line, hasAnchor: list.anchor != nil, hasTag: list.tag != nil)
        case YAML_SEQUENCE_END_EVENT:
            return YAMLEvent(kind: .sequenceEnd, line: line)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(kind: .alias, line: line)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            return YAMLEvent(
                kind: .scalar(text, isPlain: isPlain),
                line: line,
                hasAnchor: scalar.anchor != nil,
                hasTag: scalar.tag != nil
            )
        default:
            throw YAMLSyntaxFault(line: line, message: "is not YAML")
        }
    }

    private func fault() -> YAMLSyntaxFault {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read"
        // The reader's own faults, such as forbidden bytes, come without a mark.
        let line = max(parser.pointee.problem_mark.line, parser.pointee.mark.line)
        return YAMLSyntaxFault(line: line + 1, message: "is not YAML: \(problem)")
    }
}
