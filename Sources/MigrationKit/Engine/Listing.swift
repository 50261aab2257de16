import RedisClient

/// What the keys of a page are to a walk, before any of them is looked at.
struct Listing<Item: Sendable>: Sendable {
    /// What is to be handled.
    var items: [Item] = []
    /// Keys that fit no pattern.
    var unrelated: [Bytes] = []
    /// Keys that are left to a person: they can be read in two ways, or are too large.
    var held: [HeldKey] = []
    /// Those of them that are too large to be copied as the limits are.
    var large: [LargeKey] = []
    /// New names without a source and without an entry, by kind: they are the applications', and there is nothing to look at.
    var native: [String: Int] = [:]
}

extension Listing {
    /// Adds what another part of the page has.
    mutating func append(_ other: Listing) {
        items += other.items
        add(othersOf: other)
    }

    /// Adds all but the items.
    private mutating func add(othersOf other: Listing) {
        unrelated += other.unrelated
        held += other.held
        large += other.large
        native.merge(other.native, uniquingKeysWith: +)
    }

    /// Several pages as one, in which neighbours are of different pages.
    init(mixing pages: [Listing]) {
        self = pages.first ?? Listing()
        guard pages.count > 1 else { return }
        items = []
        items.reserveCapacity(pages.reduce(0) { $0 + $1.items.count })
        for place in 0..<(pages.map(\.items.count).max() ?? 0) {
            for page in pages where place < page.items.count { items.append(page.items[place]) }
        }
        for page in pages.dropFirst() { add(othersOf: page) }
    }
}

/// Finds out what the keys of a page are, by questions alone.
///
/// What it finds is only where to look: each item is read again in the transaction that writes. So it may run ahead of
/// the work, beside it.
protocol PageLister: Sendable {
    /// One key, or the pair that it belongs to.
    associatedtype Item: Sendable

    /// How many keys one page may have at most.
    var largestPage: Int { get }

    /// How many pages that are ready may be handled as one, with their items mixed.
    var mostPagesMixed: Int { get }

    /// What these keys are.
    func list(_ names: [Bytes], on keyspace: any Keyspace) async throws -> Listing<Item>
}

extension PageLister {
    /// As many as others wait for where each key has a few questions.
    var largestPage: Int { 100 }

    /// Each by itself.
    var mostPagesMixed: Int { 1 }
}

extension HeldKey {
    /// Can be read in two ways.
    static func ambiguous(_ key: Bytes) -> HeldKey { HeldKey(key, reason: ambiguousReason) }
    static let ambiguousReason = "ambiguous"

    /// Has a longer name than is asked about.
    static func tooLong(_ key: Bytes) -> HeldKey { HeldKey(key, reason: "tooLong") }

    /// Has more bytes than the limits allow.
    static func tooLarge(_ key: Bytes, destination: Bytes? = nil) -> HeldKey {
        HeldKey(key, destination: destination, reason: "tooLarge")
    }
}

extension WalkReport {
    /// Counts what a page has besides its items.
    mutating func note<Item>(_ listing: Listing<Item>) {
        for name in listing.unrelated { noteUnrelated(name) }
        for key in listing.held {
            if key.reason == HeldKey.ambiguousReason { ambiguous += 1 }
            held.add(key.key, reason: key.reason)
        }
        for (kind, count) in listing.native {
            counts[kind, default: [:]][.native, default: 0] += count
            findings[.fine, default: 0] += count
        }
        for key in listing.large { noteLarge(key) }
    }
}
