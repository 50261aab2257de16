import Programs

/// One thing that was looked at before the work, and what to do about it.
struct CheckFinding: Sendable, Equatable, Codable {
    /// How bad it is.
    enum Level: String, Sendable, Codable, CaseIterable {
        /// As it should be.
        case ok
        /// It works, and a person should know.
        case warning
        /// The work would fail, or must not begin.
        case problem
    }

    /// What was looked at.
    var check: String
    /// How bad it is.
    var level: Level
    /// What was found.
    var message: String
    /// What to do about it.
    var remedy: String?
    /// The exit status that it leads to; nil for none.
    var status: Int32?

    static func ok(_ check: String, _ message: String) -> CheckFinding {
        CheckFinding(check: check, level: .ok, message: message)
    }

    static func warning(_ check: String, _ message: String, _ remedy: String) -> CheckFinding {
        CheckFinding(check: check, level: .warning, message: message, remedy: remedy)
    }

    static func problem(
        _ check: String,
        _ message: String,
        _ remedy: String?,
        _ status: ExitStatus = .failed
    ) -> CheckFinding {
        CheckFinding(check: check, level: .problem, message: message, remedy: remedy, status: status.rawValue)
    }

    enum CodingKeys: String, CodingKey {
        case check, level, message, remedy
    }
}

/// What all findings together lead to.
struct CheckReport: Sendable, Equatable, Encodable {
    /// The form of this document.
    var format = 1
    /// What was found, in the order in which it was looked at.
    var findings: [CheckFinding] = []

    /// The worst level.
    var worst: CheckFinding.Level {
        CheckFinding.Level.allCases.last { level in findings.contains { $0.level == level } } ?? .ok
    }

    /// That of the first problem whose cause others may only follow from: unreachable, not permitted, not configured, then
    /// any.
    var status: ExitStatus {
        let found = Set(findings.compactMap(\.status))
        for status in [ExitStatus.unavailable, .permission, .configuration, .failed]
        where found.contains(status.rawValue) {
            return status
        }
        return .done
    }

    enum CodingKeys: String, CodingKey {
        case format, findings, worst
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(format, forKey: .format)
        try container.encode(findings, forKey: .findings)
        try container.encode(worst, forKey: .worst)
    }
}
