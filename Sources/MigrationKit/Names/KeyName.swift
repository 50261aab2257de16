import RedisClient

/// The name of a key in a set or a dictionary: hashed in one piece, where an array is hashed element by element.
struct KeyName: Hashable {
    /// The name.
    let bytes: Bytes

    /// A name of these bytes.
    init(_ bytes: Bytes) {
        self.bytes = bytes
    }

    func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
