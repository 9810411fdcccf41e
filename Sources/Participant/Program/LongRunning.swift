/// Something that works until its task is cancelled, and then ends in order.
public protocol LongRunning: Sendable {
    func run() async throws
}

extension Participant: LongRunning {}

/// A function that runs long.
public struct Running: LongRunning {
    private let body: @Sendable () async throws -> Void

    public init(_ body: @escaping @Sendable () async throws -> Void) { self.body = body }

    public func run() async throws { try await body() }
}

/// Several that stand and fall together: when one ends the others are cancelled.
public struct RunningTogether: LongRunning {
    private let parts: [any LongRunning]

    public init(_ parts: [any LongRunning]) { self.parts = parts }

    /// - Throws: the failure of the first that failed, when all have ended.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in parts { group.addTask { try await part.run() } }
            var failure: (any Error)?
            while let result = await group.nextResult() {
                group.cancelAll()
                if case .failure(let error) = result, !(error is CancellationError) { failure = failure ?? error }
            }
            if let failure { throw failure }
        }
    }
}
