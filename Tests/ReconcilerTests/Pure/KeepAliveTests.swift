import Testing

@testable import Reconciler

@Suite("How often a silent subscription is proven")
struct KeepAliveTests {
    @Test(
        "is each minute, until two ends after the same silence betray whatever closes it",
        arguments: [
            ([], 60.0), ([30], 60), ([30, 30.2], 15.1), ([3, 3], 1.5), ([30, 3, 300], 60), ([3, 30, 30], 15),
            ([1.0, 1.0], 0.5), ([0.2, 0.2, 0.2], 60), ([500, 500], 60), ([30, 30, 15, 15], 7.5),
            ([30, 30, 400, 400], 15),
        ] as [([Double], Double)]
    )
    func interval(ends: [Double], seconds: Double) {
        var keepAlive = KeepAlive()
        for end in ends { keepAlive.note(endAfter: .seconds(end)) }
        #expect(keepAlive.interval == .seconds(seconds))
    }
}
