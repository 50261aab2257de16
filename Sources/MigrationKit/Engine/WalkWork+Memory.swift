/// How much memory walks still take, by what they have seen.
extension WalkWork {
    /// None.
    var bytesToAdd: Int? { nil }
}

extension KeyMoveWork {
    /// What the copies took so far, by the server's estimate, for each pair that is left; only copying adds anything.
    ///
    /// A catch-up that has found nothing to copy adds nothing: it goes before a cleanup, which is to free memory.
    var bytesToAdd: Int? {
        guard column == .apply || column == .catchUp && report.bytesNeeded > 0 else { return nil }
        let seen = report.pairs
        guard seen > 0 else { return 0 }
        let (bytes, overflows) = (report.bytesNeeded / seen).multipliedReportingOverflow(
            by: max(0, total - progress.processedItems)
        )
        return overflows ? .max : bytes
    }
}

extension FieldRewriteWork {
    /// Next to nothing: a field more, or a shorter one.
    var bytesToAdd: Int? { context.isRaised && report.written == 0 ? nil : 0 }
}
