#if SEEDED_BUGS
    import Glibc

    /// Faults that programs built with `-DSEEDED_BUGS` have on purpose, so that it shows whether the tests find them.
    ///
    /// The variable `SEEDED_BUG` chooses one. `.ci/check-seeded-bugs` runs for each the test that must fail.
    enum SeededBug: String {
        /// Writes count although another holder has raised the epoch.
        case noFence
        /// Verify calls everything valid, unseen.
        case noVerify
        /// A checkpoint is gone on from after the server has restarted.
        case cursorKept
        /// Cleanup removes old keys that were never copied.
        case deleteBeforeCopy
        /// What a source was when it was copied is not compared with what it is.
        case baseNotChecked
        /// The entry of a copy is written in a transaction before the copy's.
        case ledgerBeforeCopy
        /// Verify looks at one pair in ten.
        case samplingVerify
        /// Records of other keys decide what a name is before the ledger does.
        case evidenceBeforeLedger
        /// That a source was being removed when a run broke off is forgotten once something has its name again.
        case markIgnored
        /// Verify passes over new keys that differ from what was copied, while they are few.
        case fewInUse

        private static let chosen = getenv("SEEDED_BUG").flatMap { SeededBug(rawValue: String(cString: $0)) }

        /// Whether this process has the fault.
        static func isOn(_ bug: SeededBug) -> Bool { chosen == bug }
    }
#endif
