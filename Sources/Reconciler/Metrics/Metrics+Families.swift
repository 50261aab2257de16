import MigrationKit

extension Metrics {
    private typealias Sample = MetricFamily.Sample

    /// Every family, in the order of the file. This list is the documentation's.
    public var families: [MetricFamily] { process + schema + step + counters }

    private var process: [MetricFamily] {
        [
            MetricFamily(
                "build_info",
                .gauge,
                "Always 1; the program's version is a label.",
                [Sample(["version": version], 1)]
            ),
            MetricFamily(
                "start_time_seconds",
                .gauge,
                "When the daemon began, as Unix time.",
                seconds(started)
            ),
            MetricFamily(
                "redis_up",
                .gauge,
                "Whether Redis answered when the daemon last looked: 1 or 0.",
                isReachable.map { $0 ? 1 : 0 }
            ),
            MetricFamily(
                "last_look_time_seconds",
                .gauge,
                "When the daemon last looked at Redis and was answered, as Unix time.",
                looked.map(seconds)
            ),
        ]
    }

    private var schema: [MetricFamily] {
        [
            MetricFamily(
                "schema_version",
                .gauge,
                "The schema version in Redis; missing while it is not known.",
                schemaVersion.map(Double.init)
            ),
            MetricFamily(
                "schema_target_version",
                .gauge,
                "The schema version wanted.",
                target.map(Double.init)
            ),
            MetricFamily(
                "schema_latest_version",
                .gauge,
                "The newest schema version that this program knows.",
                Double(latest)
            ),
            MetricFamily(
                "condition",
                .gauge,
                "Whether a condition has a status: 1 for the one it has, 0 for the others.",
                conditions.flatMap { condition in
                    ["True", "False", "Unknown"].map { status in
                        Sample(["type": condition.type.rawValue, "status": status], condition.status == status ? 1 : 0)
                    }
                }
            ),
            MetricFamily(
                "condition_reason_info",
                .gauge,
                "Always 1 for a condition that holds; why it does is a label.",
                conditions.filter { $0.status == "True" }.map {
                    Sample(["type": $0.type.rawValue, "reason": $0.reason], 1)
                }
            ),
            MetricFamily(
                "reason_info",
                .gauge,
                "Always 1; why things are as they are is a label.",
                reason.map { [Sample(["reason": $0.rawValue], 1)] } ?? []
            ),
        ]
    }

    private var step: [MetricFamily] {
        let labels: KeyValuePairs = ["migration": running?.migration ?? "", "step": running?.kind.rawValue ?? ""]
        func number(_ value: Int?) -> [Sample] {
            value.map { [Sample(labels, Double($0))] } ?? []
        }
        let progress = running?.progress
        return [
            MetricFamily(
                "step_start_time_seconds",
                .gauge,
                "When the step that runs began, as Unix time; missing while none runs.",
                running.map { [Sample(labels, seconds($0.began))] } ?? []
            ),
            MetricFamily(
                "step_keys",
                .gauge,
                "Keys that the running step has to look at, by the plan's count.",
                number(progress?.totalItems)
            ),
            MetricFamily(
                "step_keys_processed",
                .gauge,
                "Keys that the running step has done.",
                number(progress?.processedItems)
            ),
            MetricFamily(
                "step_keys_held",
                .gauge,
                "Keys that the running step holds back.",
                number(progress?.failedItems)
            ),
            MetricFamily(
                "step_strain",
                .gauge,
                "Whether a strained server throttles the running step: 0 not, 1 to half speed, 2 to a stop.",
                number(progress.map { $0.strain.map { $0.degree == .slowed ? 1 : 2 } ?? 0 })
            ),
        ]
    }

    private var counters: [MetricFamily] {
        let kinds = Step.Kind.allCases.map { ($0.rawValue, steps[$0] ?? Steps()) }
        return [
            MetricFamily(
                "steps_total",
                .counter,
                "Steps that ended, by how.",
                kinds.flatMap { step, steps in
                    [
                        Sample(["step": step, "result": "finished"], Double(steps.finished)),
                        Sample(["step": step, "result": "failed"], Double(steps.failed)),
                    ]
                }
            ),
            MetricFamily(
                "step_duration_seconds_total",
                .counter,
                "Time that steps took.",
                kinds.map { step, steps in Sample(["step": step], Double(steps.milliseconds) / 1000) }
            ),
            MetricFamily(
                "version_raises_total",
                .counter,
                "Times that this daemon raised the schema version.",
                Double(raises)
            ),
            MetricFamily(
                "reloads_total",
                .counter,
                "Reloads of the configuration, by whether it was accepted.",
                [
                    Sample(["result": "accepted"], Double(reloads)),
                    Sample(["result": "refused"], Double(refusedReloads)),
                ]
            ),
        ]
    }

    private func seconds(_ time: Timestamp) -> Double { Double(time.milliseconds) / 1000 }
}
