import RedisClient

/// Divides items into what one transaction can hold: on one server all of them, in a cluster those of each slot.
enum SlotGroups {
    /// The groups in the order of their first items, each with its items in order.
    static func of<Item>(_ items: [Item], in keyspace: any Keyspace, by key: (Item) -> Bytes) -> [[Item]] {
        guard keyspace.isCluster else { return items.isEmpty ? [] : [items] }
        var groups: [[Item]] = []
        var known: [Slot: Int] = [:]
        for item in items {
            let slot = Slot(of: key(item))
            if let group = known[slot] {
                groups[group].append(item)
            } else {
                known[slot] = groups.count
                groups.append([item])
            }
        }
        return groups
    }
}
