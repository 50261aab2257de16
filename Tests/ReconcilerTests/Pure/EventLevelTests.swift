import MigrationKit
import Testing

@testable import Reconciler

@Suite("The level of events")
struct EventLevelTests {
    @Test("what needs somebody is grave, and nothing is hidden")
    func levels() {
        #expect(Event.Kind.stalled.level == .error)
        #expect(Event.Kind.configurationRefused.level == .critical)
        for kind in [Event.Kind.stepFailed, .reloadRefused, .metricsNotWritten, .lockTakenOver] {
            #expect(kind.level == .warning)
        }
        #expect(Event.Kind.allCases.allSatisfy { $0.level >= .info })
    }
}
