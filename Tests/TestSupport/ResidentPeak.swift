import Foundation

/// The most that a running process has held resident, in KiB.
package func residentPeak(of pid: Int32) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    guard let number = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
        throw TestSupportError("/proc/\(pid)/status has no VmHWM.")
    }
    return number
}
