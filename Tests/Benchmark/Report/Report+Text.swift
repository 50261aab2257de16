extension Report {
    /// The report as a person reads it; its tables are Markdown.
    func text() -> String {
        var parts = ["\(server), \(processors) processors, \(grouped(keys)) keys, \(rounds) rounds, medians"]
        if let batchTime { parts[0] += ", limits.batch-time \(batchTime)" }
        if !phases.isEmpty { parts += [phaseTable(), processorTable(), trafficTable()] }
        if phases.contains(where: { !$0.earlier.isEmpty }) { parts.append(earlierTable()) }
        if !growth.isEmpty { parts.append(growthTable()) }
        if growth.contains(where: { !$0.withHugePages.apply.isEmpty }) { parts.append(hugePagesTable()) }
        if !latency.isEmpty { parts.append(latencyTable()) }
        if let cluster { parts.append(Self.text(of: cluster)) }
        if let idle { parts.append(Self.text(of: idle)) }
        if !aims.isEmpty { parts.append(aimTable()) }
        return parts.joined(separator: "\n\n")
    }

    private func phaseTable() -> String {
        table(
            ["phase", "µs a key", "keys a second", "same commands, µs a key", "ratio", "bare", "µs a key", "ratio"],
            phases.map { phase in
                let ours = phase.perKey(phase.ours) { $0.seconds }
                return [
                    phase.phase.rawValue,
                    decimals(ours, 1),
                    ours.map { grouped(Int(1e6 / $0)) } ?? "",
                    decimals(phase.perKey(phase.replay) { $0.seconds }, 1),
                    decimals(phase.ratioToReplay, 2),
                    phase.phase.bareName ?? "",
                    decimals(phase.perKey(phase.bare) { $0.seconds }, 1),
                    decimals(phase.ratioToBare, 2),
                ]
            }
        )
    }

    private func earlierTable() -> String {
        table(
            ["phase", "µs a key", "the earlier program's commands from a minimal client, µs a key", "ratio"],
            phases.map { phase in
                [
                    phase.phase.rawValue,
                    decimals(phase.perKey(phase.ours) { $0.seconds }, 1),
                    decimals(phase.perKey(phase.earlier) { $0.seconds }, 1),
                    decimals(phase.ratioToEarlier, 2),
                ]
            }
        )
    }

    private func processorTable() -> String {
        table(
            [
                "phase", "processor, µs a key", "server's", "same commands", "server's", "ratio", "bare", "ratio",
                "resident, MiB",
            ],
            phases.map { phase in
                [
                    phase.phase.rawValue,
                    decimals(phase.perKey(phase.ours) { $0.cpuSeconds }, 1),
                    decimals(phase.perKey(phase.ours) { $0.serverCPUSeconds }, 1),
                    decimals(phase.perKey(phase.replay) { $0.cpuSeconds }, 1),
                    decimals(phase.perKey(phase.replay) { $0.serverCPUSeconds }, 1),
                    decimals(phase.processorRatioToReplay, 2),
                    decimals(phase.perKey(phase.bare) { $0.allCPUSeconds }, 1),
                    decimals(phase.processorRatioToBare, 2),
                    decimals(Double(phase.peakKiB) / 1024, 1),
                ]
            }
        )
    }

    private func trafficTable() -> String {
        table(
            ["phase, for each key", "commands", "round trips", "bytes there", "bytes back"],
            phases.map { [$0.phase.rawValue] + $0.traffic.perKey($0.keys) }
        )
    }

    private func growthTable() -> String {
        growthTable("keys", of: \.byDefault, ("resident, MiB", { decimals(Double($0.peakKiB) / 1024, 1) }))
    }

    private func hugePagesTable() -> String {
        growthTable(
            "keys, server in huge pages",
            of: \.withHugePages,
            ("in huge pages", { $0.withHugePages.hugeParts.min().map { decimals($0 * 100, 0) + " %" } ?? "" })
        )
    }

    private func growthTable(
        _ keys: String,
        of costs: KeyPath<GrowthFigures, GrowthCosts>,
        _ memory: (title: String, text: (GrowthFigures) -> String)
    ) -> String {
        table(
            [
                keys, "apply and verify, µs a key", "processor, µs a key", "server's", memory.title,
                "bare COPY, µs a key",
            ],
            growth.map {
                [
                    grouped($0.keys),
                    decimals($0.perKey($0[keyPath: costs]) { $0.seconds }, 1),
                    decimals($0.perKey($0[keyPath: costs]) { $0.cpuSeconds }, 1),
                    decimals($0.perKey($0[keyPath: costs]) { $0.serverCPUSeconds }, 1),
                    memory.text($0),
                    decimals($0.barePerKey($0[keyPath: costs]), 1),
                ]
            }
        )
    }

    private func latencyTable() -> String {
        table(
            ["another client beside", "p50, ms", "p99, ms", "worst, ms"],
            latency.map {
                let median = $0.median
                return [$0.beside, decimals(median.p50, 2), decimals(median.p99, 2), decimals(median.worst, 1)]
            }
        )
    }

    private func aimTable() -> String {
        table(["aim", "figure", "met"], aims.map { [$0.what, decimals($0.figure, 2), $0.isMet ? "yes" : "no"] })
    }

    private static func text(of cluster: ClusterFigures) -> String {
        func perKey(_ costs: [Cost]) -> String {
            decimals(costs.median { $0.seconds }.map { $0 / Double(cluster.keys) * 1e6 }, 1)
        }
        return table(
            ["apply of 001, \(grouped(cluster.keys)) keys", "µs a key"],
            [
                ["one server by TCP", perKey(cluster.one)],
                ["a cluster of three", perKey(cluster.three)],
                ["the cluster's to the one's", decimals(cluster.ratio, 2)],
            ]
        )
    }

    private static func text(of idle: IdleFigures) -> String {
        func milliseconds(_ costs: [Cost], _ value: (Cost) -> Double) -> String {
            decimals(costs.median(of: value).map { $0 * 1000 }, 0)
        }
        return table(
            ["when nothing is to be done", ""],
            [
                ["`migrateredis --version`, ms", milliseconds(idle.version) { $0.seconds }],
                ["`migrateredis status`, ms", milliseconds(idle.status) { $0.seconds }],
                ["`migrateredis status`, processor, ms", milliseconds(idle.status) { $0.cpuSeconds }],
                ["daemon, start to `converged`, ms", decimals(idle.daemonStart.median { $0 * 1000 }, 0)],
                ["daemon, round trips of an idle pass", decimals(idle.roundTripsPerPass, 2)],
                ["daemon, commands of an idle pass", decimals(idle.commandsPerPass, 2)],
                ["daemon, resident, MiB", decimals(Double(idle.residentKiB) / 1024, 1)],
            ]
        )
    }
}

extension PhaseFigures {
    /// The median cost of one key, in microseconds.
    func perKey(_ costs: [Cost], _ value: (Cost) -> Double) -> Double? {
        costs.median(of: value).map { $0 / Double(keys) * 1e6 }
    }
}

extension Traffic {
    /// Commands, round trips, bytes there and back for each key.
    func perKey(_ keys: Int) -> [String] {
        let keys = Double(keys)
        return [
            decimals(Double(commands) / keys, 2),
            decimals(Double(roundTrips) / keys, 4),
            decimals(Double(requestBytes) / keys, 0),
            decimals(Double(replyBytes) / keys, 0),
        ]
    }
}

/// A Markdown table whose columns stand under each other.
private func table(_ heads: [String], _ rows: [[String]]) -> String {
    let widths = heads.indices.map { column in ([heads] + rows).map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
        "| " + zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ")
            + " |"
    }
    let rule = "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"
    return ([line(heads), rule] + rows.map(line)).joined(separator: "\n")
}
