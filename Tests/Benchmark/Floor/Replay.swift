import CReplay
import TestSupport

/// What a replay took.
struct ReplayResult: Sendable {
    /// From the moment when all connections stood to the last reply, in seconds.
    var seconds: Double
    /// What the client used of a processor, in seconds.
    var cpuSeconds: Double
    /// How many replies came.
    var replies: UInt64
    /// How many errors were among them.
    var errors: UInt64
    /// How many transactions lost a race.
    var nils: UInt64
}

/// The client that thinks nothing: it writes what is there already, and looks only for the ends of replies.
enum Replay {
    /// Plays a recording against the server on a socket, each connection on a thread of its own.
    static func run(_ recording: Recording, on socketPath: String) throws -> ReplayResult {
        var result = creplay_result()
        let error = withPointers(to: recording.lanes[...], []) { lanes in
            creplay_run(socketPath, lanes, lanes.count, &result)
        }
        guard error == 0 else { throw TestSupportError("The replay ended with the system's error \(error).") }
        return ReplayResult(
            seconds: Double(result.nanoseconds) / 1e9,
            cpuSeconds: Double(result.cpu_nanoseconds) / 1e9,
            replies: result.replies,
            errors: result.errors,
            nils: result.nils
        )
    }

    /// Lends the lanes as C has them; they may be too large to be copied for that.
    private static func withPointers<T>(
        to lanes: ArraySlice<RecordedLane>,
        _ done: [creplay_lane],
        _ body: ([creplay_lane]) -> T
    ) -> T {
        guard let lane = lanes.first else { return body(done) }
        return lane.bytes.withUnsafeBufferPointer { bytes in
            lane.steps.withUnsafeBufferPointer { steps in
                let next = creplay_lane(
                    bytes: bytes.baseAddress,
                    steps: steps.baseAddress,
                    step_count: steps.count,
                    replies: lane.replies,
                    start: lane.start
                )
                return withPointers(to: lanes.dropFirst(), done + [next], body)
            }
        }
    }
}
