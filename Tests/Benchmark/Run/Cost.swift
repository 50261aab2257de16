/// What one run of something took.
struct Cost: Codable, Sendable {
    /// From its start to its end, in seconds.
    var seconds: Double
    /// What the client used of a processor, in seconds.
    var cpuSeconds: Double
    /// What the servers used of a processor meanwhile, in seconds.
    var serverCPUSeconds: Double
    /// The most that was resident in the program, in KiB; none for a replay, which is a part of the benchmark.
    var peakKiB: Int?

    /// All processor time.
    var allCPUSeconds: Double { cpuSeconds + serverCPUSeconds }
}

extension Collection {
    /// The one in the middle, or the mean of the two in the middle; nil without any.
    func median(of value: (Element) -> Double) -> Double? {
        let sorted = map(value).sorted()
        guard let upper = sorted.dropFirst(sorted.count / 2).first else { return nil }
        return sorted.count.isMultiple(of: 2) ? (upper + sorted[sorted.count / 2 - 1]) / 2 : upper
    }
}

/// The median over rounds of one cost divided by another of the same round; nil without rounds.
func medianRatio(_ upper: [Cost], _ lower: [Cost], of value: (Cost) -> Double) -> Double? {
    zip(upper, lower).filter { value($1) > 0 }.median { value($0) / value($1) }
}
