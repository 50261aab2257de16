extension Report {
    /// The plots of all that was measured, by the names of their files.
    func plots() -> [(file: String, svg: String)] {
        var plots: [(file: String, svg: String)] = []
        if !phases.isEmpty { plots.append(("benchmark-phases.svg", phasePlot.svg())) }
        if growth.count > 1 { plots.append(("benchmark-growth.svg", growthPlot.svg())) }
        if !latency.isEmpty { plots.append(("benchmark-latency.svg", latencyPlot.svg())) }
        return plots
    }

    private var phasePlot: BarChart {
        BarChart(
            title: "Speed beside the floors: 1 is as fast",
            series: [("the same commands", .blue), ("bare commands", .orange)],
            groups: phases.map {
                BarChart.Group(name: $0.phase.rawValue, values: [$0.ratioToReplay, $0.ratioToBare])
            },
            marks: [0.7, 1]
        )
    }

    private var growthPlot: LineChart {
        func points(_ costs: KeyPath<GrowthFigures, GrowthCosts>, _ value: (Cost) -> Double) -> [(Int, Double)] {
            growth.compactMap { one in one.perKey(one[keyPath: costs], value).map { (one.keys, $0) } }
        }
        return LineChart(
            title: "Apply and verify of 001, microseconds a key",
            series: [
                ("time", .blue, points(\.byDefault) { $0.seconds }),
                ("time, huge pages", .red, points(\.withHugePages) { $0.seconds }),
                ("program's processor", .orange, points(\.byDefault) { $0.cpuSeconds }),
                ("server's processor", .grey, points(\.byDefault) { $0.serverCPUSeconds }),
            ]
        )
    }

    private var latencyPlot: BarChart {
        BarChart(
            title: "Another client's latency in milliseconds, beside…",
            series: [("p50", .blue), ("p99", .orange), ("worst", .grey)],
            groups: latency.map {
                BarChart.Group(name: $0.beside, values: [$0.median.p50, $0.median.p99, $0.median.worst])
            },
            isLogarithmic: true
        )
    }
}
