import CReplay
import Foundation
import Synchronization
import TestSupport

/// Stands between a program and a server on Unix sockets, passes everything on as it is, and keeps what was written.
///
/// One write of the program may come in pieces. A piece belongs to the write before it as long as no further reply has
/// come, or when that write would end inside a command.
final class Recorder: Sendable {
    private struct State {
        var lanes: [Int: RecordedLane] = [:]
        var accepted = 0
        var open = 0
        var firstReplies: UInt64 = 0
    }

    /// Where the program connects instead of to the server.
    let socketPath: String

    private let directory: TemporaryDirectory
    private let upstream: String
    private let listener: Int32
    private let state = Mutex(State())

    /// A recorder in front of the server on a socket, ready for connections.
    init(to upstream: String) throws {
        directory = try TemporaryDirectory()
        socketPath = directory.file("recorder.sock")
        self.upstream = upstream
        listener = try UnixSocket.listen(on: socketPath)
        let thread = Thread { [weak self, listener] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    if errno == EINTR { continue }
                    break
                }
                guard let recorder = self else {
                    Foundation.close(client)
                    break
                }
                let number = recorder.state.withLock { state in
                    state.open += 1
                    state.accepted += 1
                    return state.accepted - 1
                }
                let serving = Thread { recorder.serve(client, number) }
                serving.name = "recorder connection"
                serving.start()
            }
            Foundation.close(listener)
        }
        thread.name = "recorder"
        thread.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// What was recorded since the last call; to be asked when the program has ended.
    func take() async throws -> Recording {
        try await eventually("the program's connections to end") { state.withLock { $0.open == 0 } }
        return state.withLock { state in
            defer { state = State() }
            return Recording(lanes: state.lanes.sorted { $0.key < $1.key }.map(\.value))
        }
    }

    private func serve(_ client: Int32, _ number: Int) {
        var lane = RecordedLane()
        if let server = try? UnixSocket.connect(to: upstream) {
            lane = carry(client, server, isFirst: number == 0)
            Foundation.close(server)
        }
        Foundation.close(client)
        state.withLock { state in
            state.lanes[number] = lane
            state.open -= 1
        }
    }

    /// Carries one connection until either side ends it.
    private func carry(_ client: Int32, _ server: Int32, isFirst: Bool) -> RecordedLane {
        var lane = RecordedLane()
        var requests = creplay_scanner()
        var replies = creplay_scanner()
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        loop: while true {
            var waiting = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, -1) > 0 || errno == EINTR else { break }
            // Replies first: a write that comes after them is a new one.
            if waiting[1].revents != 0 {
                let count = recv(server, &chunk, chunk.count, 0)
                guard count > 0 else { break }
                creplay_scan(&replies, chunk, count)
                lane.replyBytes += UInt64(count)
                if isFirst { state.withLock { $0.firstReplies = replies.values } }
                guard Self.send(chunk[..<count], to: client) else { break }
            }
            if waiting[0].revents != 0 {
                let count = recv(client, &chunk, chunk.count, 0)
                guard count > 0 else { break }
                let continues = creplay_is_between(&requests) == 0
                creplay_scan(&requests, chunk, count)
                if let last = lane.steps.last, continues || last.after == replies.values {
                    lane.steps[lane.steps.count - 1].length += UInt64(count)
                } else {
                    if !isFirst, lane.steps.isEmpty { lane.start = state.withLock { $0.firstReplies } }
                    lane.steps.append(
                        creplay_step(offset: UInt64(lane.bytes.count), length: UInt64(count), after: replies.values)
                    )
                }
                lane.bytes += chunk[..<count]
                guard Self.send(chunk[..<count], to: server) else { break loop }
            }
        }
        lane.commands = requests.values
        lane.replies = replies.values
        lane.errors = replies.errors
        lane.nils = replies.nils
        return lane
    }

    private static func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
                let count = Foundation.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }
}

/// The monotonic clock, in nanoseconds.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
