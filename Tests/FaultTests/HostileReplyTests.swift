import TestSupport
import Testing

@Suite("Replies that no server sends")
struct HostileReplyTests {
    /// Bytes in the place of a reply.
    static let replies: KeyValuePairs<String, String> = [
        "a promised string without end": "$536870911\r\n",
        "a promised array without end": "*2147483647\r\n",
        "a length beyond all measure": "$99999999999999999999\r\n",
        "a negative length": "$-5\r\n",
        "nesting without end": String(repeating: "*1\r\n", count: 100_000),
        "a map of RESP3": "%1\r\n+a\r\n+b\r\n",
        "a push of RESP3": ">2\r\n+message\r\n+x\r\n",
        "an array of nothing": "*0\r\n",
        "an array of one": "*1\r\n:1\r\n",
        "the least number": ":-9223372036854775808\r\n",
        "the greatest number": ":9223372036854775807\r\n",
        "an empty string": "$0\r\n\r\n",
        "no line end": "+OK",
        "half a reply": "*3\r\n$5\r\nhel",
        "garbage": "\u{1}\u{2}HTTP/1.1 400 Bad Request\r\n\r\n",
        "a number that is none": ":twelve\r\n",
        "nothing, where there was something": "$-1\r\n",
        "another error": "-ERR \u{1B}[2Jinjected\r\n",
    ]

    @Test(
        "in the place of any reply: no crash, a cause that drives no terminal, and the next run ends right",
        arguments: replies.map(\.key)
    )
    func hostile(name: String) async throws {
        let text = try #require(Self.replies.first { $0.key == name }?.value)
        try await withGround(.server) { ground in
            let victim = Victim.byHand
            let trace = try await Traces.shared.trace("byHand server") { try await ground.trace(of: victim) }
            let points = CrashPoints(commands: trace.count, sample: 4)
            let allowance = CrashPoints.allowance(ofEach: Self.replies.count, share: 0.125)
            let end = allowance.map { ContinuousClock.now + $0 }
            let numbers = end == nil ? points.points : CommandShapes(of: trace).inRounds(seed: points.seed)
            var tried = 0
            defer { print("\(name): \(tried) tried, \(points.description)") }
            for number in numbers {
                if let end, ContinuousClock.now >= end { break }
                tried += 1
                let point = "\(name) at \(number) (\(trace[number - 1])), seed \(points.seed)"
                try await ground.reset()
                ground.schedule.rearm([ProxyFault(at: number, .answer(text))])
                let run = try await victim.work(on: ground, victim: ProcessSlot(), heals: true)
                #expect(!run.words.contains("signaled"), "\(point): \(run.words)")
                #expect(!run.words.contains("\u{1B}["), "\(point): \(run.words)")
                #expect(run.hasSucceeded, "\(point): \(run.words)")
                let fault = try await ground.snapshot().difference(from: victim.expected(on: ground))
                #expect(fault == nil, "\(point): \(fault ?? "")")
            }
        }
    }
}
