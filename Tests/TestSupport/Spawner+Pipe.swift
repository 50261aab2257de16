import Foundation

extension Spawner {
    /// A pipe whose ends no other child inherits.
    static func openPipe() throws -> (readEnd: Int32, writeEnd: Int32) {
        let ends = unlessSpawning {
            var ends: [Int32] = [-1, -1]
            let result = pipe(&ends)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            return result == 0 ? ends : nil
        }
        guard let ends else { throw TestSupportError("No pipe: \(errorText(errno)).") }
        return (ends[0], ends[1])
    }
}
