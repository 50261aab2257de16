import MigrationKit
@testable import RedisClient

/// What a server says of itself, as it comes from the wire.
enum WireInfo {
    /// A master with these ids.
    static func server() throws -> ServerInfo {
        let text = "run_id:r\r\nmaster_replid:p\r\nrole:master\r\n"
        let parser = try ReplyParser(limits: ReplyLimits())
        try Bytes("$\(text.utf8.count)\r\n\(text)\r\n").withUnsafeBytes(parser.feed)
        return try ServerInfo(replies: parser.take())
    }
}
