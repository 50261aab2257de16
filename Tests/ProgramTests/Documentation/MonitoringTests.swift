import Foundation
import MigrationKit
import Testing

@testable import Reconciler

@Suite("Alerts and dashboard")
struct MonitoringTests {
    /// An alert: its name, and the lines that belong to it.
    struct Alert {
        var name: String
        var text: String
    }

    private static let rules = "deploy/monitoring/migrateredis.rules.yaml"
    private static let dashboard = "deploy/monitoring/migrateredis.dashboard.json"

    static func alerts() throws -> [Alert] {
        try Pages.text(rules).split(separator: "- alert: ").dropFirst().map { part in
            Alert(name: String(part.prefix { !$0.isNewline }), text: String(part))
        }
    }

    /// Every family that a daemon writes in a full life, by its name in the file.
    private static func families() -> [String: MetricFamily] {
        var metrics = Metrics(version: "1", latest: 3, started: Timestamp(milliseconds: 0))
        let step = Event(.stepStarted, [.migration: "m", .phase: Step.Kind.apply.rawValue])
        let action = Action.run(Step(.apply, "m"))
        metrics.decided(
            PassReport(action: action, version: 0, target: 3, conditions: Condition.all(of: action)),
            at: Timestamp(milliseconds: 0)
        )
        metrics.happened(step, at: Timestamp(milliseconds: 0))
        metrics.progressed(Progress())
        return Dictionary(uniqueKeysWithValues: metrics.families.map { ("migrateredis_" + $0.name, $0) })
    }

    /// The metrics that a text names, each with the labels that it selects by.
    private static func metrics(in text: String) -> [(name: String, labels: String)] {
        text.matches(of: #/\b(migrateredis_[a-z_]+)(?:\{([^}]*)\})?/#).map {
            (String($0.output.1), String($0.output.2 ?? ""))
        }
    }

    /// The texts of a JSON document that are expressions of Prometheus.
    private static func expressions(in json: Any) -> [String] {
        if let object = json as? [String: Any] {
            return object.flatMap { key, value -> [String] in
                if let text = value as? String { return ["expr", "query"].contains(key) ? [text] : [] }
                return expressions(in: value)
            }
        }
        return (json as? [Any])?.flatMap(expressions) ?? []
    }

    @Test("name only metrics that the daemon writes, and labels and values that those have")
    func names() throws {
        let families = Self.families()
        let json = try JSONSerialization.jsonObject(with: Data(Pages.text(Self.dashboard).utf8))
        let shown = Self.expressions(in: json)
        #expect(shown.count > 15)
        let alerting = try Self.alerts().map { alert in
            String(
                alert.text.prefix(upTo: alert.text.firstRange(of: "annotations:")?.lowerBound ?? alert.text.endIndex)
            )
        }
        for expression in shown + alerting {
            for (name, labels) in Self.metrics(in: expression) {
                let family = try #require(families[name], "\(name) in \(expression)")
                let known = Set(family.samples.flatMap { $0.labels.map(\.name) })
                for label in labels.matches(of: #/(\w+)\s*(?:=~|!=|=)\s*"([^"]*)"/#) {
                    let label = (name: String(label.output.1), value: String(label.output.2))
                    // What the scrape adds.
                    guard label.name != "instance" else { continue }
                    #expect(known.contains(label.name), "\(label) of \(name)")
                    let values = label.value.split(separator: "|").map(String.init)
                    if label.name == "reason" {
                        #expect(values.allSatisfy { Reason(rawValue: $0) != nil }, "\(values)")
                    }
                    if label.name == "type" {
                        #expect(values.allSatisfy { Condition.Kind(rawValue: $0) != nil }, "\(values)")
                    }
                }
            }
        }
    }

    @Test("show each metric that the daemon writes in some panel or alert")
    func all() throws {
        let text = try Pages.text(Self.dashboard) + Pages.text(Self.rules)
        for name in Self.families().keys { #expect(text.contains(name), "\(name)") }
    }

    @Test("lead each to its section of the runbook, with a summary and how urgent it is")
    func runbook() throws {
        let anchors = Set(Pages.anchors(try Pages.article("Runbook")))
        let alerts = try Self.alerts()
        #expect(alerts.count >= 10)
        for alert in alerts {
            let link = "runbook: \"/usr/share/doc/migrateredis/Runbook.md#\(alert.name.lowercased())\""
            #expect(alert.text.contains(link) && anchors.contains(alert.name.lowercased()), "\(alert.name)")
            #expect(alert.text.contains("summary: ") && alert.text.contains("description: "), "\(alert.name)")
            #expect(alert.text.contains(#/labels: \{severity: (critical|warning|info)\}/#), "\(alert.name)")
        }
    }

    @Test("tell of every reason that does not pass by itself")
    func reasons() throws {
        let text = try Pages.text(Self.rules)
        // Reasons of the condition Stalled have one alert; these need none.
        let quiet: Set<Reason> = [.converged, .progressing, .cleanupPending, .soaking, .redisUnreachable]
        let stalling: Set<Reason> = [
            .unreadable, .versionRegressed, .foreignRecord, .dataLost, .sourcesDisappeared, .targetUnknown,
            .targetBelowCurrent, .targetBelowStarted, .conflictsFound, .evictionPolicy,
        ]
        for reason in Set(Reason.allCases).subtracting(quiet).subtracting(stalling) {
            #expect(text.contains(reason.rawValue), "\(reason)")
        }
    }
}
