/// A datagram as journald reads it: `NAME=value` lines, or a name, a 64-bit little-endian length, and that many bytes.
struct JournalDatagram {
    private(set) var fields: [String: [String]] = [:]

    struct Malformed: Error {
        let rest: [UInt8]
    }

    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw Malformed(rest: Array(rest)) }
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
                add(line[..<equals], line[(equals + 1)...])
            } else {
                let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                guard rest.count > 8 + length else { throw Malformed(rest: Array(rest)) }
                add(line, rest.dropFirst(8).prefix(length))
                rest = rest.dropFirst(8 + length + 1)
            }
        }
    }

    private mutating func add(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        fields[String(decoding: name, as: UTF8.self), default: []].append(String(decoding: value, as: UTF8.self))
    }
}
