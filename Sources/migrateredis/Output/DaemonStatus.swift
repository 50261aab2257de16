import MigrationKit
import Reconciler
import RedisClient

/// What one process tells of itself, as `status` shows it: everything in it is escaped, since anybody may have written it.
struct DaemonStatus: Sendable, Equatable, Codable {
    /// Host, instance and process.
    var holder: String
    /// The program's version.
    var version: String
    /// Whether it is heard of as often as it said.
    var alive: Bool
    /// How long ago it was heard of, in seconds.
    var heardSecondsAgo: Int64
    /// What it does: a step, or `wait`, `stall`, `none`.
    var action: String
    /// Why, as one word.
    var reason: String
    /// Why, as a sentence.
    var message: String
    /// The migration that it concerns.
    var migration: String?
    /// For how long it has been so, in seconds.
    var forSeconds: Int64
    /// In how many seconds it looks again; nil while it works.
    var nextInSeconds: Int64?
    /// What failed last.
    var failure: String?
    /// How long ago, in seconds.
    var failedSecondsAgo: Int64?
    /// How far its step is.
    var progress: DaemonRecord.StepProgress?

    enum CodingKeys: String, CodingKey {
        case holder, version, alive, action, reason, message, migration, failure, progress
        case heardSecondsAgo = "heard_s_ago"
        case forSeconds = "for_s"
        case nextInSeconds = "next_in_s"
        case failedSecondsAgo = "failed_s_ago"
    }

    /// A record as it is at this time by the server's clock.
    init(_ record: DaemonRecord, at now: Timestamp) {
        func text(_ text: String, limit: Int) -> String { KeyText.escaped(Bytes(text), limit: limit) }
        func seconds(_ from: Timestamp, _ to: Timestamp) -> Int64 { max(0, from.duration(to: to).milliseconds / 1000) }
        holder = text(record.holder, limit: 200)
        version = text(record.version, limit: 40)
        alive = now <= record.until
        heardSecondsAgo = seconds(record.at, now)
        action = text(record.action, limit: 40)
        reason = text(record.reason, limit: 40)
        message = text(record.message, limit: 1000)
        migration = record.migration.map { text($0, limit: 100) }
        forSeconds = seconds(record.since, now)
        nextInSeconds = record.next.map { seconds(now, $0) }
        failure = record.failure.map { text($0.message, limit: 500) }
        failedSecondsAgo = record.failure.map { seconds($0.at, now) }
        progress = record.progress
    }

    /// Whether it runs a step.
    var isWorking: Bool { Step.Kind(rawValue: action) != nil }

    /// How far its step is: `45 % (112,500 of 250,000 keys, 84,000/s, 2 s left)`; empty where that is not told.
    var progressText: String {
        guard let progress else { return "" }
        var shown = Progress()
        shown.totalItems = progress.total
        shown.processedItems = progress.processed
        // As long as that took at the pace that is told.
        let elapsed = progress.perSecond > 0 ? progress.processed * 1000 / progress.perSecond : 0
        let walk = progress.walk > 1 ? ", walk \(progress.walk)" : ""
        return StatusLine.progress(shown, elapsed: .milliseconds(elapsed)) + walk
    }

    /// The lines of the list: who, what, and what failed last, unless that is what `next` tells anyway.
    func lines(besides next: StatusDocument.Next) -> [String] {
        guard alive else {
            return ["\(holder), \(version): gone; it was last heard of \(Self.time(heardSecondsAgo)) ago"]
        }
        var text = "\(holder), \(version): "
        switch action {
        case "none": text += "converged"
        case "wait": text += "waiting (\(reason)) for \(Self.time(forSeconds))"
        case "stall": text += "stalled (\(reason)) for \(Self.time(forSeconds))"
        default: text += message + progressText
        }
        if let nextInSeconds { text += "; looks again in \(Self.time(nextInSeconds))" }
        guard let failure, let failedSecondsAgo, next.by != holder || isWorking else { return [text] }
        return [text, "  last failure \(Self.time(failedSecondsAgo)) ago: \(failure)"]
    }

    static func time(_ seconds: Int64) -> String { Wording.duration(.seconds(seconds)) }
}

extension StatusDocument {
    /// What is held back is so whatever a daemon does.
    private mutating func setConditions(of action: Action) {
        let held = conditions.filter { $0.type == .keysHeld }
        conditions = Condition.all(of: action).filter { $0.type != .keysHeld } + held
    }

    private mutating func tellOfWork(_ alive: [DaemonStatus]) {
        guard next.isStep,
            let worker = alive.first(where: { $0.isWorking && $0.migration == next.migration })
        else { return }
        next.action = worker.action
        next.message = worker.message + worker.progressText
        next.by = worker.holder
    }

    /// Puts what daemons tell beside what one look found: who works is working, whatever the lock says, and what has
    /// stalled a daemon has stalled although one look finds nothing in the way.
    mutating func take(_ records: [DaemonRecord], at now: Timestamp) {
        daemons = records.filter { $0.kind == .daemon }.map { DaemonStatus($0, at: now) }
        let alive = records.map { DaemonStatus($0, at: now) }.filter(\.alive)
        if let worker = alive.first(where: { $0.isWorking && $0.holder == lock?.holder }) {
            next = Next(
                action: worker.action,
                migration: worker.migration,
                reason: .progressing,
                message: worker.message + worker.progressText,
                by: worker.holder
            )
            setConditions(of: .wait(.progressing, next.message, migration: next.migration))
            return
        }
        // What a daemon does without the lock, such as a plan, is work, too.
        defer { tellOfWork(alive) }
        guard next.action != "stall", next.reason != .paused else { return }
        let daemons = alive.filter { daemon in self.daemons.contains { $0.holder == daemon.holder } }
        if let stalled = daemons.first(where: { $0.action == "stall" }), let reason = Reason(rawValue: stalled.reason) {
            next = Next(
                action: "stall",
                migration: stalled.migration,
                reason: reason,
                message: stalled.message,
                by: stalled.holder
            )
            setConditions(of: .stall(reason, stalled.message, migration: stalled.migration))
        } else if next.isStep,
            let waiting = daemons.first(where: { $0.action == "wait" && $0.migration == next.migration }),
            let reason = Reason(rawValue: waiting.reason), reason != .paused, reason != .lockHeld
        {
            next = Next(
                action: "wait",
                migration: waiting.migration,
                reason: reason,
                message: waiting.message,
                by: waiting.holder
            )
            setConditions(of: .wait(reason, waiting.message, migration: waiting.migration))
        }
    }
}
