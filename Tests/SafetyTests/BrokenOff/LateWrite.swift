/// What an application does after a cleanup was broken off, and what may have become of it.
enum LateWrite: String, CaseIterable, Sendable {
    case nothing
    case fieldByOld
    case wholeByOld
    case anewByOld
    case fieldByNew
    case deleteByNew

    /// Whether an old instance writes.
    var isByOld: Bool {
        switch self {
        case .fieldByOld, .wholeByOld, .anewByOld: true
        case .nothing, .fieldByNew, .deleteByNew: false
        }
    }

    /// Both names of a record just before the write.
    struct Sides: Sendable {
        var old: [String: String]?
        var new: [String: String]?
    }

    static let value = "written late"

    private func whole(_ owner: Owner) -> [String: String] {
        owner.fields(value: Self.value).merging(["topics": "late"]) { $1 }
    }

    /// Sends it.
    func happen(to owner: Owner, in world: World) async throws {
        switch self {
        case .nothing: break
        case .fieldByOld: try await world.send("HSET", owner.oldName, "n", Self.value)
        case .wholeByOld: try await world.write(owner.oldName, whole(owner))
        case .anewByOld:
            try await world.send([["UNLINK", owner.oldName], ["HSET", owner.oldName, "n", Self.value]])
        case .fieldByNew: try await world.send("HSET", owner.newName, "n", Self.value)
        case .deleteByNew: try await world.send("UNLINK", owner.newName)
        }
    }

    /// In words, what is wrong with what both names hold in the end; nil where nothing is.
    func fault(_ before: Sides, _ after: Sides, of owner: Owner, hasSucceeded: Bool) -> String? {
        let new = after.new ?? [:]
        // A record that had not been under its new name yet can only be under the old one.
        let kept = before.new ?? before.old ?? [:]
        func keeps(_ fields: [String: String], but changes: [String: String] = [:]) -> Bool {
            kept.allSatisfy { field, value in
                fields[field] == value || (changes[field] != nil && fields[field] == changes[field])
            }
        }
        let isReadable = after.old?["n"] == Self.value || new["n"] == Self.value
        switch self {
        case .nothing:
            return keeps(new) ? nil : "the new name has lost fields"
        case .fieldByOld:
            guard keeps(new, but: ["n": Self.value]) else { return "the new name has lost fields" }
            return isReadable ? nil : "the write to the old name is gone"
        case .wholeByOld:
            let isMerged = whole(owner).allSatisfy { new[$0.key] == $0.value }
            let isKept = whole(owner).allSatisfy { after.old?[$0.key] == $0.value }
            guard isMerged || isKept else { return "the record that was written to the old name is gone" }
            return keeps(new, but: whole(owner)) ? nil : "the new name has lost fields"
        case .anewByOld:
            guard isReadable else { return "the write to the old name is gone" }
            // Where the old record was there still, its successor is what an old instance has left: all of it.
            if before.old != nil, new == ["n": Self.value] { return nil }
            return keeps(new) ? nil : "the new name has lost fields"
        case .fieldByNew:
            guard new["n"] == Self.value else { return "the write to the new name is gone" }
            return keeps(new, but: ["n": Self.value]) ? nil : "the new name has lost fields"
        case .deleteByNew:
            return hasSucceeded && after.new != nil ? "the deleted record is back, and nobody is told" : nil
        }
    }
}
