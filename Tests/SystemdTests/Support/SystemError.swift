import Glibc

/// A call to the kernel that a test needs and that failed.
struct SystemError: Error, CustomStringConvertible {
    let call: String
    let number: Int32

    var description: String { "\(call): \(String(cString: strerror(number)))" }

    /// Returns what the call returned, or throws if that is negative.
    @discardableResult
    static func check(_ call: String, _ result: Int32) throws -> Int32 {
        guard result >= 0 else { throw SystemError(call: call, number: errno) }
        return result
    }
}
