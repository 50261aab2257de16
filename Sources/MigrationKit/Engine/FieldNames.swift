import RedisClient

/// The names of a hash's fields, for questions about each of them.
enum FieldNames {
    /// What HKEYS answered; none where there is no hash.
    static func read(_ reply: Reply?) throws -> [Bytes] {
        guard let reply else { return [] }
        if let error = reply.error {
            guard error.serverCode == "WRONGTYPE" else { throw error }
            return []
        }
        return reply.elements.compactMap(\.bytes)
    }
}
