import Testing

/// Expects that nothing is wrong, and says what is: an awaited value is not shown by `#expect`.
func expectNone(_ fault: String?, sourceLocation: SourceLocation = #_sourceLocation) {
    if let fault { Issue.record("\(fault)", sourceLocation: sourceLocation) }
}
