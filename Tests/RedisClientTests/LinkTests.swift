import Synchronization
import Testing

@testable import RedisClient

/// What no socket does reliably enough for a test.
@Suite("A link")
struct LinkTests {
    /// A peer that is always faster than its reader: there is always more to read, and room for what is written.
    private final class EndlessTransport: Transport {
        let descriptor: Int32 = -1
        private let beginning: Mutex<Bytes>
        private let pattern: Bytes

        init(beginning: String = "", repeating pattern: String) {
            self.beginning = Mutex(Bytes(beginning))
            self.pattern = Bytes(pattern)
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult {
            let first = beginning.withLock { bytes in
                defer { bytes = [] }
                return bytes
            }
            guard first.isEmpty else {
                buffer.copyBytes(from: first)
                return .moved(first.count)
            }
            let count = buffer.count / pattern.count * pattern.count
            for start in stride(from: 0, to: count, by: pattern.count) {
                UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyBytes(from: pattern)
            }
            return .moved(count)
        }

        func write(_ bytes: UnsafeRawBufferPointer) -> TransportResult { .moved(bytes.count) }
    }

    @Test("looks at the deadline although it never has to wait", arguments: [":1\r\n", "$3\r\nabc\r\n"])
    func deadline(element: String) throws {
        let transport = EndlessTransport(
            beginning: "*16777216\r\n",
            repeating: String(repeating: element, count: 1000)
        )
        let link = try Link(endpoint: .unix(path: "/peer"), transport: transport, limits: ReplyLimits())
        let error = #expect(throws: RedisError.self) {
            try link.exchange(commands(["PING"]), deadline: Deadline(after: .milliseconds(50)))
        }
        #expect(error?.code == .timedOut)
        #expect(error?.outcome == .unknown)
    }

    @Test("refuses replies that come in the same breath as the last one it waits for")
    func surplus() throws {
        let link = try Link(
            endpoint: .unix(path: "/peer"),
            transport: EndlessTransport(repeating: "+OK\r\n"),
            limits: ReplyLimits()
        )
        let error = #expect(throws: RedisError.self) {
            try link.exchange(commands(["PING"]), deadline: Deadline(after: .seconds(30)))
        }
        #expect(error?.code == .protocolViolation)
    }
}
