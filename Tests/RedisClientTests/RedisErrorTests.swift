import Testing

@testable import RedisClient

@Suite("A failure")
struct RedisErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var code: String
        var isRetryable = true
        var isPermission = false
        var testDescription: String { text }
    }

    @Test("a command that the server does not know says which version has it")
    func unknownCommand() {
        let error = RedisError(serverReply: "ERR unknown command 'PEXPIRETIME', with args beginning with: 'k' ")
        #expect(error.code == .unsupportedServer && !error.isRetryable && error.outcome == .notExecuted)
        #expect(error.message.contains("PEXPIRETIME") && error.message.contains("6.2"))
    }

    @Test("a transaction that EXEC itself refuses is judged by the reason that it gives")
    func refusedExec() {
        let permission = RedisError(
            serverReply: "EXECABORT Transaction discarded because of: NOPERM User x has no permissions to run 'exec'"
        )
        #expect(permission.isPermission && !permission.isRetryable)
        let memory = RedisError(serverReply: "EXECABORT Transaction discarded because of: OOM command not allowed")
        #expect(memory.serverCode == "OOM" && memory.isRetryable)
    }

    @Test(
        "that the server reports is classified by its first word",
        arguments: [
            Case(text: "MOVED 3999 127.0.0.1:6381", code: "MOVED"),
            Case(text: "ASK 3999 127.0.0.1:6381", code: "ASK"),
            Case(text: "TRYAGAIN Multiple keys request during rehashing of slot", code: "TRYAGAIN"),
            Case(text: "CROSSSLOT Keys in request don't hash to the same slot", code: "CROSSSLOT", isRetryable: false),
            Case(text: "CLUSTERDOWN The cluster is down", code: "CLUSTERDOWN"),
            Case(text: "LOADING Redis is loading the dataset in memory", code: "LOADING"),
            Case(text: "BUSY Redis is busy running a script.", code: "BUSY"),
            Case(text: "READONLY You can't write against a read only replica.", code: "READONLY"),
            Case(text: "MASTERDOWN Link with MASTER is down", code: "MASTERDOWN"),
            Case(text: "OOM command not allowed when used memory > 'maxmemory'.", code: "OOM"),
            Case(text: "MISCONF Redis is configured to save RDB snapshots, but", code: "MISCONF"),
            Case(text: "NOREPLICAS Not enough good replicas to write.", code: "NOREPLICAS"),
            Case(text: "NOAUTH Authentication required.", code: "NOAUTH", isRetryable: false, isPermission: true),
            Case(text: "WRONGPASS invalid username", code: "WRONGPASS", isRetryable: false, isPermission: true),
            Case(text: "NOPERM this user has no permissions", code: "NOPERM", isRetryable: false, isPermission: true),
            Case(
                text: "DENIED Redis is running in protected mode",
                code: "DENIED",
                isRetryable: false,
                isPermission: true
            ),
            Case(text: "EXECABORT Transaction discarded because of previous errors.", code: "EXECABORT"),
            Case(text: "WRONGTYPE Operation against a key", code: "WRONGTYPE", isRetryable: false),
            Case(text: "BUSYKEY Target key name already exists.", code: "BUSYKEY", isRetryable: false),
            Case(text: "ERR max number of clients reached", code: "MAXCLIENTS"),
            Case(text: "ERR max number of clients + cluster connections reached", code: "MAXCLIENTS"),
            Case(text: "something went wrong", code: "ERR", isRetryable: false),
            Case(text: "", code: "ERR", isRetryable: false),
            Case(text: " OOM", code: "ERR", isRetryable: false),
            Case(text: "OOM", code: "OOM"),
        ]
    )
    func serverErrors(_ example: Case) {
        let error = RedisError(serverReply: example.text)
        #expect(error.code == .server)
        #expect(error.serverCode == example.code)
        #expect(error.isRetryable == example.isRetryable)
        #expect(error.isPermission == example.isPermission)
        #expect(!error.isConnectivity)
        #expect(error.outcome == .notExecuted)
        #expect(error.message == example.text)
        #expect("\(error)" == example.text)
    }

    @Test(
        "of another kind is worth another try unless the peer or the server cannot do better",
        arguments: [
            (RedisError.Code.unreachable, true, true), (.timedOut, true, true), (.disconnected, true, true),
            (.partlyExecuted, true, false), (.protocolViolation, false, false), (.unexpectedReply, false, false),
            (.unsupportedServer, false, false), (.replyTooLarge, false, false),
        ]
    )
    func otherCodes(_ code: RedisError.Code, isRetryable: Bool, isConnectivity: Bool) {
        // Of a transaction that partly failed the server's word is kept; it decides nothing here.
        let error = RedisError(code, "text", outcome: .unknown, serverCode: "NOPERM")
        #expect(error.isRetryable == isRetryable)
        #expect(error.isConnectivity == isConnectivity)
        #expect(!error.isPermission)
    }

    @Test("shows no control character of the server's, and no text without end")
    func printableText() {
        #expect(RedisError(serverReply: "ERR a\u{1B}[2Jb\nc\u{85}d").message == "ERR a\\x1b[2Jb\\x0ac\\xc2\\x85d")
        #expect(RedisError(serverReply: "ERR " + String(repeating: "ä", count: 5000)).message.count == 1001)
        #expect(RedisError(serverReply: "OOM\u{1B}").serverCode == "ERR")
    }
}
