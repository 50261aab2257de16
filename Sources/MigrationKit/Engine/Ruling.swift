/// The walk that looks at the pairs: the columns of the three-way comparison.
public enum Column: String, Sendable, CaseIterable {
    /// Before the version is raised: the old names are the truth.
    case apply
    /// Compares everything; copies what changed under its eyes.
    case verify
    /// Verify once more at a version that is already raised.
    case verifyAgain
    /// After the raise and before cleanup: the new names are the truth.
    case catchUp
    /// The catch-up right after the raise: it also carries out deletes that old instances made while the old names were
    /// the truth, after verify had looked.
    case firstCatchUp
    /// Removes what is proven safe to remove.
    case cleanup
    /// Before the version is raised: removes the copies that are still as they were made.
    case rollback

    /// Whether there is a row in which the source is copied.
    var mayCopy: Bool {
        PairClass.allCases.contains { [.copy, .copyOver].contains($0.ruling(in: self).action) }
    }
}

/// What is done with a pair, in one transaction.
public enum PairAction: String, Sendable, CaseIterable {
    /// Nothing.
    case leave
    /// Copy the source to a destination that is not there, and write the entry.
    case copy
    /// Copy the source over the destination, and write the entry.
    case copyOver
    /// Write the entry.
    case note
    /// Write the entry as if the source had been copied and the destination changed since.
    case adopt
    /// Give the destination the source's expiry, and write the entry.
    case takeExpiry
    /// Remove the destination and the entry.
    case dropDestination
    /// Remove the entry.
    case forget
    /// Remove the source and the entry.
    case removeSource
}

/// How a pair counts in the walk's result.
public enum Finding: String, Sendable, CaseIterable {
    /// As it should be.
    case fine
    /// As it should be unless there are many.
    case few
    /// As it should be, and worth telling.
    case listed
    /// Not as it should be: running the migration again helps.
    case wrong
    /// Right only if a person says so: the new key is not what was copied, and nobody should have written it yet.
    case unaccepted
    /// Only a person can settle it.
    case conflict
    /// Left as it is, with the reason told; cleanup is not over while there is one.
    case kept
}

extension Finding {
    /// Whether a pair is left to a person, with its reason.
    var isHeld: Bool {
        switch self {
        case .wrong, .unaccepted, .conflict, .kept: return true
        case .fine, .few, .listed: return false
        }
    }
}

/// What the table says of a pair in one column.
public struct Ruling: Sendable, Hashable {
    /// What is done.
    public var action: PairAction
    /// How it counts.
    public var finding: Finding

    /// A ruling of its parts.
    public init(_ action: PairAction, _ finding: Finding) {
        self.action = action
        self.finding = finding
    }
}

extension PairClass {
    /// The cell of the table: one row, one column.
    public func ruling(in column: Column) -> Ruling {
        switch column {
        case .apply: return applyRuling
        case .verify: return verifyRuling
        case .verifyAgain: return verifyAgainRuling
        case .catchUp: return catchUpRuling
        case .firstCatchUp: return self == .sourceGone ? Ruling(.dropDestination, .fine) : catchUpRuling
        case .cleanup: return cleanupRuling
        case .rollback: return rollbackRuling
        }
    }

    private var applyRuling: Ruling {
        switch self {
        case .uncopied, .destinationMissing: return Ruling(.copy, .fine)
        case .sourceChanged: return Ruling(.copyOver, .fine)
        case .equal, .converged: return Ruling(.note, .fine)
        case .expiryLost: return Ruling(.takeExpiry, .fine)
        case .sourceGone: return Ruling(.dropDestination, .few)
        case .inSync, .inUse, .removed, .expiring, .absent: return Ruling(.leave, .fine)
        case .adopted: return Ruling(.adopt, .fine)
        case .native: return Ruling(.forget, .fine)
        case .reappeared: return Ruling(.leave, .listed)
        case .foreign, .diverged, .recreated, .orphan, .collision: return Ruling(.leave, .conflict)
        }
    }

    private var verifyRuling: Ruling {
        switch self {
        case .uncopied: return Ruling(.copy, .few)
        case .sourceChanged: return Ruling(.copyOver, .few)
        case .equal, .converged: return Ruling(.note, .fine)
        case .inSync, .native, .removed, .expiring, .absent: return Ruling(.leave, .fine)
        case .adopted: return Ruling(.adopt, .fine)
        case .inUse: return Ruling(.leave, .unaccepted)
        case .sourceGone: return Ruling(.dropDestination, .few)
        case .expiryLost, .destinationMissing: return Ruling(.leave, .wrong)
        case .reappeared: return Ruling(.leave, .listed)
        case .foreign, .diverged, .recreated, .orphan, .collision: return Ruling(.leave, .conflict)
        }
    }

    /// At a raised version the new names are the truth: what is missing there was deleted there.
    private var verifyAgainRuling: Ruling {
        switch self {
        case .destinationMissing: return Ruling(.leave, .few)
        case .sourceGone: return Ruling(.leave, .kept)
        case .inUse: return Ruling(.leave, .fine)
        // Which expiry is meant is not known any more, and applying again takes neither.
        case .expiryLost: return Ruling(.leave, .conflict)
        default: return verifyRuling
        }
    }

    private var catchUpRuling: Ruling {
        switch self {
        case .uncopied: return Ruling(.copy, .fine)
        case .sourceChanged: return Ruling(.copyOver, .fine)
        case .equal: return Ruling(.note, .fine)
        case .inSync, .inUse, .converged, .removed, .expiring, .absent: return Ruling(.leave, .fine)
        case .adopted: return Ruling(.adopt, .fine)
        case .native: return Ruling(.forget, .fine)
        case .expiryLost, .destinationMissing, .reappeared: return Ruling(.leave, .listed)
        // Whether the record is to go under its new name too, only a person knows: it must not live on unsaid.
        case .sourceGone: return Ruling(.leave, .kept)
        case .foreign, .diverged, .recreated, .orphan, .collision: return Ruling(.leave, .conflict)
        }
    }

    /// A copy goes, and what somebody else wrote stays. A copy whose source was deleted goes by the same rules as in apply:
    /// left without its entry it would be taken for an application's, and the record would be back.
    private var rollbackRuling: Ruling {
        switch self {
        case .inSync, .sourceChanged: return Ruling(.dropDestination, .fine)
        case .sourceGone: return Ruling(.dropDestination, .few)
        case .destinationMissing, .native, .removed: return Ruling(.forget, .fine)
        case .inUse, .converged, .diverged, .recreated: return Ruling(.leave, .listed)
        case .uncopied, .equal, .expiryLost, .foreign, .adopted, .orphan, .reappeared, .collision, .expiring, .absent:
            return Ruling(.leave, .fine)
        }
    }

    private var cleanupRuling: Ruling {
        #if SEEDED_BUGS
            if SeededBug.isOn(.deleteBeforeCopy), self == .reappeared { return Ruling(.removeSource, .fine) }
        #endif
        switch self {
        case .equal, .inSync, .inUse, .converged: return Ruling(.removeSource, .fine)
        case .removed: return Ruling(.forget, .fine)
        case .native, .orphan, .expiring, .absent: return Ruling(.leave, .fine)
        // Whether it goes depends on how many there are; the walk decides, and keeps it otherwise.
        case .destinationMissing: return Ruling(.leave, .kept)
        case .uncopied, .expiryLost, .foreign, .adopted, .sourceChanged, .diverged, .recreated, .sourceGone,
            .reappeared, .collision:
            return Ruling(.leave, .kept)
        }
    }
}
