import FoundationEssentials
import RedisClient

/// How JSON documents are written to Redis and read from it.
enum StoredDocument {
    /// The bytes of a document: keys sorted, so that equal documents have equal bytes.
    static func encode(_ document: some Encodable) throws -> Bytes {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(document))
    }

    /// The document in these bytes, or nil where they are not JSON of this form.
    static func decode<Document: Decodable>(_ type: Document.Type, from bytes: Bytes) -> Document? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }

    /// The document in these bytes.
    ///
    /// Errors: `Fault`, which says in which field something else stands.
    static func read<Document: Decodable>(_ type: Document.Type, from bytes: Bytes) throws(Fault) -> Document {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw Fault(error)
        }
    }

    /// What is wrong with a document: the field and what is so, escaped.
    struct Fault: Error, Sendable, Equatable {
        /// As the end of a sentence that begins with the document: `progress.total_items is -1, …`; empty if it is no JSON.
        var text: String

        init(_ error: any Error) {
            switch error as? DecodingError {
            case .dataCorrupted(let context): self.init(context.codingPath, context.debugDescription)
            case .typeMismatch(_, let context): self.init(context.codingPath, "is of another type")
            case .valueNotFound(_, let context): self.init(context.codingPath, "is null")
            case .keyNotFound(let key, let context): self.init(context.codingPath + [key], "is missing")
            default: self.init([], "")
            }
        }

        private init(_ path: [any CodingKey], _ what: String) {
            let field = path.map(\.stringValue).joined(separator: ".")
            // Foundation's own sentences repeat what stands there as it is.
            text =
                field.isEmpty ? "" : "\(KeyText.escaped(Bytes(field), limit: 80)) \(SafeText.guarded(what, limit: 300))"
        }
    }
}
