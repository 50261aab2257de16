import RedisClient

/// Finds where values of RESP2 end, and reads no more of them than that needs.
package enum RESPScanner {
    /// The end of the value that begins at an offset; nil while it is incomplete.
    package static func end(in bytes: Bytes, from start: Int) -> Int? {
        guard start < bytes.count, let lineEnd = bytes[start...].firstIndex(of: 13), lineEnd + 1 < bytes.count else {
            return nil
        }
        let number = Int(String(decoding: bytes[(start + 1)..<lineEnd], as: UTF8.self)) ?? 0
        var position = lineEnd + 2
        switch bytes[start] {
        case UInt8(ascii: "$"):
            guard number >= 0 else { return position }
            position += number + 2
            return position <= bytes.count ? position : nil
        case UInt8(ascii: "*"):
            for _ in 0..<max(0, number) {
                guard let next = end(in: bytes, from: position) else { return nil }
                position = next
            }
            return position
        default:
            return position
        }
    }

    /// The first word of a whole command, in capitals.
    package static func name(of command: Bytes) -> String {
        arguments(of: command).first.map { String(decoding: $0, as: UTF8.self).uppercased() } ?? ""
    }

    /// The words of a whole command.
    package static func arguments(of command: Bytes) -> [Bytes] {
        var words: [Bytes] = []
        guard var position = command.firstIndex(of: 13).map({ $0 + 2 }) else { return [] }
        while let next = end(in: command, from: position), let line = command[position...].firstIndex(of: 13) {
            words.append(Array(command[(line + 2)..<(next - 2)]))
            position = next
        }
        return words
    }

    /// Takes the first whole value off the front of a buffer.
    package static func take(from buffer: inout Bytes) -> Bytes? {
        guard let end = end(in: buffer, from: 0) else { return nil }
        let value = Array(buffer[..<end])
        buffer.removeFirst(end)
        return value
    }
}
