import RedisClient

extension KeyText {
    /// The name that `escaped` wrote in full; nil where a backslash is followed by what it never writes.
    public static func bytes(of text: String) -> Bytes? {
        var bytes: Bytes = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                guard let code = String(validating: rest.prefix(2), as: UTF8.self), code.utf8.count == 2,
                    code.utf8.first != UInt8(ascii: "+"), let value = UInt8(code, radix: 16)
                else { return nil }
                rest = rest.dropFirst(2)
                bytes.append(value)
            default:
                return nil
            }
        }
        return bytes
    }
}
