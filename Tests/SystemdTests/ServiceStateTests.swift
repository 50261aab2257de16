import Testing

@testable import Systemd

@Suite("The datagram of a service's state")
struct ServiceStateTests {
    @Test(
        "has the assignments of sd_notify(3)",
        arguments: [
            (.ready(status: nil), "READY=1"),
            (.ready(status: "converged"), "READY=1\nSTATUS=converged"),
            (.status("45 %"), "STATUS=45 %"),
            (.status(""), "STATUS="),
            (.reloading(at: MonotonicTime(microseconds: 12_345)), "RELOADING=1\nMONOTONIC_USEC=12345"),
            (.stopping(status: nil), "STOPPING=1"),
            (.stopping(status: "ending the batch"), "STOPPING=1\nSTATUS=ending the batch"),
            (.watchdog, "WATCHDOG=1"),
        ] as [(ServiceState, String)]
    )
    func assignments(state: ServiceState, expected: String) {
        #expect(state.datagram == expected)
    }

    @Test(
        "counts an extension in microseconds, rounded up and kept in range",
        arguments: [
            (.seconds(30), "30000000"),
            (.milliseconds(1), "1000"),
            (.nanoseconds(1), "1"),
            (.seconds(1) + .nanoseconds(999_001), "1001000"),
            (.zero, "0"),
            (.seconds(-5), "0"),
            (.seconds(Int64.max), "9223372036854775807"),
        ] as [(Duration, String)]
    )
    func extending(duration: Duration, expected: String) {
        #expect(ServiceState.extendTimeout(duration).datagram == "EXTEND_TIMEOUT_USEC=\(expected)")
    }

    @Test(
        "has no more lines for what a status holds",
        arguments: ["a\nWATCHDOG=1", "a\r\nMAINPID=1", "\n\n", "a\u{0}STOPPING=1", "a\u{2028}b"]
    )
    func injection(status: String) {
        let lines = ServiceState.ready(status: status).datagram.utf8.split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        )
        #expect(lines.count == 2)
        #expect(!ServiceState.status(status).datagram.utf8.contains { $0 < 0x20 })
    }

    @Test("stays within what the manager reads, however long the status")
    func length() {
        let datagram = ServiceState.stopping(status: String(repeating: "ß", count: 10_000)).datagram
        #expect(datagram.utf8.count <= 4_096)
        #expect(datagram.hasSuffix("ß…"))
    }
}
