import Foundation
import RedisClient

/// Finds where values of RESP2 end, and reads no more of them than that needs.
package enum RESPScanner {
    /// The end of the value that begins at an offset; nil while it is incomplete.
    package static func end(in bytes: Bytes, from start: Int) -> Int? {
        bytes.withUnsafeBytes { end(in: $0, from: start) }
    }

    /// A loop and not a recursion, over memory and not over arrays: a holder in a cluster sends 16,384 commands at once,
    /// through a proxy that was built to be debugged.
    private static func end(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var position = start
        var left = 1
        while left > 0 {
            guard let line = line(in: bytes, from: position) else { return nil }
            left -= 1
            position = line.end
            switch bytes[line.start] {
            case UInt8(ascii: "$"):
                if line.number >= 0 { position += line.number + 2 }
            case UInt8(ascii: "*"):
                left += max(0, line.number)
            default: break
            }
            guard position <= bytes.count else { return nil }
        }
        return position
    }

    /// A line: where it and the one behind it begin, and the number behind its first byte.
    private static func line(in bytes: UnsafeRawBufferPointer, from start: Int) -> (start: Int, end: Int, number: Int)?
    {
        guard start < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + start, 13, bytes.count - start)
        else { return nil }
        let end = UnsafeRawPointer(found) - base
        guard end + 1 < bytes.count else { return nil }
        var number = 0
        let isNegative = start + 1 < end && bytes[start + 1] == UInt8(ascii: "-")
        var position = start + (isNegative ? 2 : 1)
        while position < end, position < start + 18, bytes[position] >= 48, bytes[position] <= 57 {
            number = number * 10 + Int(bytes[position]) - 48
            position += 1
        }
        return (start, end + 2, isNegative ? -number : number)
    }

    /// The first word of a whole command, in capitals.
    package static func name(of command: Bytes) -> String {
        arguments(of: command).first.map { String(decoding: $0, as: UTF8.self).uppercased() } ?? ""
    }

    /// The words of a whole command.
    package static func arguments(of command: Bytes) -> [Bytes] {
        command.withUnsafeBytes { bytes in
            var words: [Bytes] = []
            guard var position = line(in: bytes, from: 0)?.end else { return [] }
            while let next = line(in: bytes, from: position), next.end + next.number <= bytes.count {
                words.append(Bytes(bytes[next.end..<next.end + max(0, next.number)]))
                position = next.end + max(0, next.number) + 2
            }
            return words
        }
    }

    /// The first two words, cut to what tells commands apart.
    package static func text(of words: [Bytes]) -> String {
        words.prefix(2).map { String(decoding: $0.prefix(40), as: UTF8.self) }.joined(separator: " ")
    }

    /// Takes the first whole value off the front of a buffer.
    package static func take(from buffer: inout Bytes) -> Bytes? {
        guard let end = end(in: buffer, from: 0) else { return nil }
        let value = Array(buffer[..<end])
        buffer.removeFirst(end)
        return value
    }
}
