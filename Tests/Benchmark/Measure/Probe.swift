import CReplay
import Foundation
import Synchronization
import TestSupport

/// Another client, with a pool of connections: it asks for one record every millisecond, and notes how long each reply took.
final class Probe: Sendable {
    private static let capacity = 1_000_000
    private static let interval: UInt64 = 1_000_000

    // Both are written by the probe's thread alone until it ends; the flag only by `creplay_stop`.
    nonisolated(unsafe) private let latencies: UnsafeMutablePointer<UInt64>
    nonisolated(unsafe) private let flag: UnsafeMutablePointer<Int32>
    private let outcome = Mutex<(error: Int32, noted: Int)?>(nil)

    /// Starts asking for the tenants' records, by their old or new names.
    init(_ tenants: Tenants, on server: RedisServer, asksForNewNames: Bool) {
        latencies = .allocate(capacity: Self.capacity)
        flag = .allocate(capacity: 1)
        flag.initialize(to: 0)
        let requests = tenants.requests(asksForNewNames ? Tenants.newName : Tenants.oldName)
        let path = server.socketPath
        let thread = Thread { [self] in
            var noted = 0
            let error = creplay_probe(
                path,
                requests.bytes,
                requests.steps,
                requests.steps.count,
                Self.interval,
                flag,
                latencies,
                Self.capacity,
                &noted
            )
            outcome.withLock { $0 = (error, noted) }
        }
        thread.name = "probe"
        thread.start()
    }

    deinit {
        latencies.deallocate()
        flag.deallocate()
    }

    /// Ends it, and says how long its replies took.
    func end() async throws -> Latency {
        creplay_stop(flag)
        try await eventually(timeout: .seconds(90), "the probe to end") { outcome.withLock { $0 != nil } }
        guard let (error, noted) = outcome.withLock({ $0 }), error == 0, noted > 0 else {
            throw TestSupportError("The probe ended with an error of the system.")
        }
        let sorted = UnsafeBufferPointer(start: latencies, count: noted).sorted()
        func milliseconds(_ part: Double) -> Double {
            Double(sorted[min(noted - 1, Int(Double(noted) * part))]) / 1e6
        }
        return Latency(requests: noted, p50: milliseconds(0.5), p99: milliseconds(0.99), worst: milliseconds(1))
    }
}

extension Tenants {
    /// Requests for records, over the whole keyspace in no order, one at a time.
    fileprivate func requests(_ name: (String) -> String) -> RecordedLane {
        var stream = CommandStream(pipeline: 1)
        for number in 0..<min(count, 4096) {
            stream.append("HGETALL", name(Self.id(number * 7919 % count)))
        }
        return stream.recording().lanes[0]
    }

    fileprivate static func oldName(_ id: String) -> String { "tenant:\(id)" }

    fileprivate static func newName(_ id: String) -> String { "tenant:{\(id)}:tenant" }
}
