import MigrationKit
import Testing

@testable import Reconciler

@Suite("The text of metrics")
struct MetricTextTests {
    @Test("a family is its help, its type and its samples, under the program's name")
    func family() {
        let family = MetricFamily(
            "steps_total",
            .counter,
            "Steps that ended, by how.",
            [.init(["step": "apply", "result": "failed"], 2), .init(["step": "plan", "result": "finished"], 0)]
        )
        #expect(
            MetricText.render([family]) == """
                # HELP migrateredis_steps_total Steps that ended, by how.
                # TYPE migrateredis_steps_total counter
                migrateredis_steps_total{step="apply",result="failed"} 2
                migrateredis_steps_total{step="plan",result="finished"} 0

                """
        )
    }

    @Test("a number that is not known is not written, and neither are its help and type")
    func unknown() {
        #expect(MetricText.render([MetricFamily("schema_version", .gauge, "The version.", nil)]).isEmpty)
    }

    @Test(
        "numbers are written as Prometheus reads them",
        arguments: [
            (0, "0"), (1_763_800_000, "1763800000"), (1_763_800_000.125, "1763800000.125"), (-1, "-1"), (0.5, "0.5"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
        ] as [(Double, String)]
    )
    func numbers(value: Double, text: String) {
        let line = MetricText.render([MetricFamily("n", .gauge, "N.", value)]).split(separator: "\n").last
        #expect(line == "migrateredis_n \(text)")
    }

    @Test("no text can end its line or its quotes")
    func escapes() {
        let evil = "a\"} 1\nb\\"
        let text = MetricText.render([MetricFamily("n", .gauge, evil, [.init(["l": evil], 1)])])
        #expect(
            text == """
                # HELP migrateredis_n a"} 1\\nb\\\\
                # TYPE migrateredis_n gauge
                migrateredis_n{l="a\\"} 1\\nb\\\\"} 1

                """
        )
    }
}
