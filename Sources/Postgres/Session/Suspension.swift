/// A task that waits, to be resumed exactly once.
///
/// An unchecked continuation behind a type that only machines of this module hold: the check costs an allocation per
/// statement. Every path that takes one out of its place resumes it, and the place is emptied by the same step.
@safe
struct Suspension<Value: Sendable>: Sendable {
    private let continuation: UnsafeContinuation<Value, Never>

    func resume(_ value: Value) { unsafe continuation.resume(returning: value) }

    /// Suspends the calling task and hands it to `body`.
    static func wait(_ body: (Suspension<Value>) -> Void) async -> Value {
        await unsafe withUnsafeContinuation { continuation in
            body(unsafe Suspension(continuation: continuation))
        }
    }
}

extension Suspension where Value == Void {
    func resume() { resume(()) }
}
