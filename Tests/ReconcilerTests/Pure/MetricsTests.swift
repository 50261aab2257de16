import MigrationKit
import Testing

@testable import Reconciler

@Suite("Metrics")
struct MetricsTests {
    private static func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    private static let fresh = Metrics(version: "1.2.3", latest: 3, started: at(100))

    private static func report(_ action: Action, version: Int? = 0, target: Int = 3) -> PassReport {
        let conditions = Condition.all(of: action, at: at(100))
        return PassReport(action: action, version: version, target: target, conditions: conditions)
    }

    private static func step(_ kind: Event.Kind, _ step: Step.Kind = .apply) -> Event {
        Event(kind, [.migration: "001_hash_tags", .phase: step.rawValue])
    }

    /// The samples of a family, each as its labels and its number.
    private func samples(_ metrics: Metrics, _ name: String) -> [String: Double] {
        let family = metrics.families.first { $0.name == name }
        return Dictionary(
            uniqueKeysWithValues: (family?.samples ?? []).map { sample in
                (sample.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ","), sample.value)
            }
        )
    }

    @Test("one that has seen nothing says what it is, and nothing of Redis")
    func fresh() {
        #expect(samples(Self.fresh, "build_info") == ["version=1.2.3": 1])
        #expect(samples(Self.fresh, "start_time_seconds") == ["": 100])
        #expect(samples(Self.fresh, "schema_latest_version") == ["": 3])
        for name in ["redis_up", "schema_version", "schema_target_version", "condition", "step_start_time_seconds"] {
            #expect(samples(Self.fresh, name).isEmpty, "\(name)")
        }
        // Counters begin at 0, so that the first increase is seen.
        #expect(samples(Self.fresh, "steps_total").count == Step.Kind.allCases.count * 2)
        #expect(samples(Self.fresh, "steps_total").values.allSatisfy { $0 == 0 })
    }

    @Test("a pass tells of version, target, conditions and reason")
    func pass() {
        var metrics = Self.fresh
        metrics.decided(Self.report(.stall(.conflictsFound, "…"), version: 1), at: Self.at(130))
        #expect(samples(metrics, "redis_up") == ["": 1])
        #expect(samples(metrics, "last_look_time_seconds") == ["": 130])
        #expect(samples(metrics, "schema_version") == ["": 1])
        #expect(samples(metrics, "schema_target_version") == ["": 3])
        #expect(samples(metrics, "reason_info") == ["reason=ConflictsFound": 1])
        let conditions = samples(metrics, "condition")
        #expect(conditions.count == 15)
        #expect(conditions["type=Stalled,status=True"] == 1)
        #expect(conditions["type=Stalled,status=False"] == 0)
        #expect(conditions["type=Ready,status=False"] == 1)
        #expect(samples(metrics, "condition_reason_info") == ["type=Stalled,reason=ConflictsFound": 1])
    }

    @Test("a pending cleanup tells what it waits for")
    func pending() {
        var metrics = Self.fresh
        let pending = PendingCleanup(migration: "001_hash_tags", reason: .keysHeld, message: "…")
        metrics.decided(Self.report(.converged(pending: pending), version: 3), at: Self.at(130))
        let reasons = samples(metrics, "condition_reason_info")
        #expect(reasons == ["type=Ready,reason=Converged": 1, "type=CleanupPending,reason=KeysHeld": 1])
        #expect(samples(metrics, "reason_info") == ["reason=CleanupPending": 1])
    }

    @Test("a Redis that is away has no version, and the last look stays what it was")
    func away() {
        var metrics = Self.fresh
        metrics.decided(Self.report(.converged(pending: nil), version: 3), at: Self.at(130))
        metrics.decided(Self.report(.wait(.redisUnreachable, "…"), version: nil), at: Self.at(160))
        #expect(samples(metrics, "redis_up") == ["": 0])
        #expect(samples(metrics, "schema_version").isEmpty)
        #expect(samples(metrics, "last_look_time_seconds") == ["": 130])
        #expect(samples(metrics, "condition")["type=Ready,status=Unknown"] == 1)
        // What cannot be read was looked at.
        metrics.decided(Self.report(.stall(.unreadable, "…"), version: nil), at: Self.at(190))
        #expect(samples(metrics, "redis_up") == ["": 1])
    }

    @Test("a step is told of while it runs, and counted when it ends")
    func steps() {
        var metrics = Self.fresh
        metrics.decided(Self.report(.run(Step(.apply, "001_hash_tags"))), at: Self.at(200))
        metrics.happened(Self.step(.stepStarted), at: Self.at(200))
        var progress = Progress()
        progress.totalItems = 10
        progress.processedItems = 4
        progress.failedItems = 1
        metrics.progressed(progress)
        let labels = "migration=001_hash_tags,step=apply"
        #expect(samples(metrics, "step_start_time_seconds") == [labels: 200])
        #expect(samples(metrics, "step_keys") == [labels: 10])
        #expect(samples(metrics, "step_keys_processed") == [labels: 4])
        #expect(samples(metrics, "step_keys_held") == [labels: 1])
        #expect(samples(metrics, "step_strain") == [labels: 0])
        for (degree, number) in [(WalkStrain.Degree.slowed, 1.0), (.stopped, 2)] {
            var strained = Progress()
            strained.strain = WalkStrain(degree, "memory is at 98 % of maxmemory")
            var later = metrics
            later.progressed(strained)
            #expect(samples(later, "step_strain") == [labels: number])
        }

        metrics.happened(Self.step(.stepFailed), at: Self.at(203))
        #expect(samples(metrics, "step_keys").isEmpty)
        metrics.happened(Self.step(.stepStarted), at: Self.at(210))
        metrics.happened(Self.step(.stepFinished), at: Self.at(214))
        metrics.happened(Self.step(.stepStarted, .verify), at: Self.at(214))
        metrics.happened(Event(.versionRaised, [.schemaVersion: "1"]), at: Self.at(215))
        metrics.happened(Self.step(.stepFinished, .verify), at: Self.at(215))
        let steps = samples(metrics, "steps_total")
        #expect(steps["step=apply,result=failed"] == 1 && steps["step=apply,result=finished"] == 1)
        #expect(steps["step=verify,result=finished"] == 1)
        #expect(samples(metrics, "step_duration_seconds_total")["step=apply"] == 7)
        #expect(samples(metrics, "version_raises_total") == ["": 1])
        #expect(samples(metrics, "schema_version") == ["": 1], "without waiting for the next pass")
    }

    @Test("a step that another holder kept from beginning is counted as failed, and takes no time")
    func notBegun() {
        var metrics = Self.fresh
        metrics.happened(Self.step(.stepFailed), at: Self.at(300))
        #expect(samples(metrics, "steps_total")["step=apply,result=failed"] == 1)
        #expect(samples(metrics, "step_duration_seconds_total")["step=apply"] == 0)
    }

    @Test("reloads are counted by whether they were accepted")
    func reloads() {
        var metrics = Self.fresh
        for kind in [Event.Kind.reloaded, .reloadRefused, .reloaded] { metrics.happened(Event(kind), at: Self.at(1)) }
        #expect(samples(metrics, "reloads_total") == ["result=accepted": 2, "result=refused": 1])
    }

    @Test("names, units and help follow Prometheus' conventions")
    func conventions() {
        var metrics = Self.fresh
        metrics.decided(Self.report(.run(Step(.apply, "m"))), at: Self.at(1))
        metrics.happened(Self.step(.stepStarted), at: Self.at(1))
        metrics.progressed(Progress())
        let families = metrics.families
        #expect(Set(families.map(\.name)).count == families.count)
        for family in families {
            #expect(!family.samples.isEmpty, "this is a full life: \(family.name)")
            #expect(family.name.allSatisfy { $0.isASCII && ($0.isLowercase || $0 == "_") }, "\(family.name)")
            #expect(family.name.hasSuffix("_total") == (family.kind == .counter), "\(family.name)")
            for unit in ["milliseconds", "minutes", "percent", "gauge", "counter"] {
                #expect(!family.name.contains(unit), "\(family.name)")
            }
            #expect(family.help.hasSuffix("."), "\(family.name)")
            #expect(Set(family.samples.map { $0.labels.map(\.value) }).count == family.samples.count, "\(family.name)")
            #expect(Set(family.samples.map { $0.labels.map(\.name) }).count == 1, "\(family.name)")
        }
    }
}
