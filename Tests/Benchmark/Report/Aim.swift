/// Something that the programs are to reach, and whether they do.
struct Aim: Codable, Sendable {
    /// What is aimed at, with its bound.
    var what: String
    /// What was measured.
    var figure: Double
    var isMet: Bool

    init(_ what: String, _ figure: Double, atLeast bound: Double) {
        self.what = what
        self.figure = figure
        isMet = figure >= bound
    }

    init(_ what: String, _ figure: Double, atMost bound: Double) {
        self.what = what
        self.figure = figure
        isMet = figure <= bound
    }
}

extension Report {
    /// The aims of all that was measured.
    func judged() -> [Aim] {
        replayAims + bareAims + growthAims + memoryAims + latencyAims + idleAims
    }

    private var replayAims: [Aim] {
        [Phase.apply1, .verify1, .cleanup1].flatMap { phase in
            guard let figures = phases.first(where: { $0.phase == phase }) else { return [Aim]() }
            let client = "commands from a minimal client"
            return [
                figures.ratioToReplay.map {
                    Aim("\(phase.rawValue): at least 0.7 of the same \(client)", $0, atLeast: 0.7)
                },
                figures.ratioToEarlier.map {
                    Aim("\(phase.rawValue): at least 1.0 of the earlier program's \(client)", $0, atLeast: 1)
                },
            ]
            .compactMap(\.self)
        }
    }

    private var bareAims: [Aim] {
        [Phase.apply2, .apply3].compactMap { phase in
            guard let ratio = phases.first(where: { $0.phase == phase })?.ratioToBare else { return nil }
            return Aim("\(phase.rawValue): at least 0.5 of bare pipelined HMGET and HSET", ratio, atLeast: 0.5)
        }
    }

    private var growthAims: [Aim] {
        guard let least = growth.first, let most = growth.last, most.keys > least.keys else { return [] }
        let what = "time per key at \(grouped(most.keys)) keys: at most 1.15 of that at \(grouped(least.keys))"
        var places = [("", \GrowthFigures.byDefault)]
        if growth.allSatisfy(\.withHugePages.areInHugePages) {
            places.append((", with the server in huge pages", \.withHugePages))
        }
        return places.compactMap { place, costs in
            guard let upper = most.perKey(most[keyPath: costs], { $0.seconds }),
                let lower = least.perKey(least[keyPath: costs], { $0.seconds })
            else { return nil }
            return Aim(what + place, upper / lower, atMost: 1.15)
        }
    }

    private var memoryAims: [Aim] {
        var aims: [Aim] = []
        let peaks = phases.map(\.peakKiB) + growth.map(\.peakKiB)
        if let peak = peaks.max() { aims.append(Aim("resident memory: under 64 MiB", Double(peak) / 1024, atMost: 64)) }
        if let least = growth.first, let most = growth.last, most.keys > least.keys {
            let sizes = "at \(grouped(most.keys)) keys: at most 4 MiB above that at \(grouped(least.keys))"
            aims.append(Aim("resident memory \(sizes)", Double(most.peakKiB - least.peakKiB) / 1024, atMost: 4))
        }
        return aims
    }

    private var latencyAims: [Aim] {
        guard let without = latency.first(where: { $0.beside == LatencyFigures.nothing })?.rounds else { return [] }
        let with = latency.filter(\.isAtDefaults)
        /// How much more it is beside the phase where it is most.
        func most(_ value: (Latency) -> Double) -> Double? {
            with.compactMap { zip($0.rounds, without).map { value($0) - value($1) }.median { $0 } }.max()
        }
        guard let p99 = most(\.p99), let worst = most(\.worst) else { return [] }
        return [
            Aim("another client's p99 at default limits, beside any phase: at most 3 ms more", p99, atMost: 3),
            Aim("another client's worst at default limits, beside any phase: at most 10 ms more", worst, atMost: 10),
        ]
    }

    private var idleAims: [Aim] {
        guard let idle, idle.passes > 0 else { return [] }
        return [Aim("an idle pass of a converged daemon: one round trip", idle.roundTripsPerPass, atMost: 1)]
    }
}

extension LatencyFigures {
    /// Nothing beside it.
    static let nothing = "nothing"
}

/// A number with commas between its thousands.
func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
        if index > 0, index.isMultiple(of: 3), digit != "-" { text.append(",") }
        text.append(digit)
    }
    return String(text.reversed())
}
