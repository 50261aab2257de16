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
}
