import CReplay

/// Commands of our own making, in pipelines of a fixed length, as a recording to be played.
struct CommandStream {
    /// The lane so far; its replies are complete after ``recording()``.
    private var lane = RecordedLane()
    private let pipeline: Int
    private var inPipeline = 0

    /// A stream that waits for all replies after so many commands.
    init(pipeline: Int) {
        self.pipeline = pipeline
    }

    /// Adds one command.
    mutating func append(_ words: String...) {
        append(words)
    }

    /// Adds one command.
    mutating func append(_ words: [String]) {
        if inPipeline == pipeline { endPipeline() }
        if inPipeline == 0 {
            lane.steps.append(creplay_step(offset: UInt64(lane.bytes.count), length: 0, after: lane.commands))
        }
        inPipeline += 1
        lane.commands += 1
        lane.bytes += "*\(words.count)\r\n".utf8
        for word in words {
            lane.bytes += "$\(word.utf8.count)\r\n".utf8
            lane.bytes += word.utf8
            lane.bytes += "\r\n".utf8
        }
    }

    /// Lets what follows wait for the replies of all that was added.
    mutating func endPipeline() {
        guard inPipeline > 0 else { return }
        lane.steps[lane.steps.count - 1].length = UInt64(lane.bytes.count) - lane.steps[lane.steps.count - 1].offset
        inPipeline = 0
    }

    /// The stream as a recording of one connection.
    consuming func recording() -> Recording {
        endPipeline()
        lane.replies = lane.commands
        return Recording(lanes: [lane])
    }
}
