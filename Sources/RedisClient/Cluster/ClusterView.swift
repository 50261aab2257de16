/// What one node says of the whole cluster: who has which slots, and which of its own are on the move.
///
/// Two views that are equal and settled before and after a pass over all keys prove that no key moved meanwhile.
/// Source: https://redis.io/docs/latest/commands/cluster-nodes/
public struct ClusterView: Sendable, Equatable {
    /// The ranges of slots, as written, by node id.
    public private(set) var slots: [String: [String]] = [:]
    /// The slots that the node that was asked imports or migrates, as written.
    public private(set) var moving: [String] = []

    /// The view in a reply to CLUSTER NODES.
    public init(_ reply: Reply) throws {
        guard let text = try reply.unlessError().text else {
            throw RedisError(.unexpectedReply, "CLUSTER NODES did not answer a text.", outcome: .notExecuted)
        }
        self.init(text: text)
    }

    /// The view in the text of CLUSTER NODES.
    init(text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            // id, address, flags, master, ping, pong, epoch, link, then slots.
            let words = line.split(separator: " ")
            guard words.count > 8 else { continue }
            for word in words[8...] {
                if word.hasPrefix("[") {
                    moving.append(String(word))
                } else {
                    slots[String(words[0]), default: []].append(String(word))
                }
            }
        }
    }
}
