import Foundation

/// Runs code on a thread of its own: a task that blocks may keep from running the very task that it waits for.
enum OwnThread {
    static func perform<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }
}
