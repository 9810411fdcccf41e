import Messaging
import Telemetry
import Testing

@testable import Participant

@Suite struct RunTurnsTests {
    private let turns = RunTurns()

    private static func id(_ number: UInt64) -> UUIDv7 { UUIDv7(milliseconds: number, randomHigh: 0, randomLow: 0) }

    @Test func onlyOneHandlerAtATimeHasIt() async throws {
        let inside = Lock((now: 0, most: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...50 {
                group.addTask {
                    _ = try await turns.take("card", for: Self.id(UInt64(number)))
                    inside.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                    for _ in 0..<5 { await Task.yield() }
                    inside.withLock { $0.now -= 1 }
                    turns.end(Self.id(UInt64(number)))
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.withLock { $0.most } == 1)
    }

    @Test func whoHasItMayTakeItAgainAndOthersDoNotWaitForOtherNames() async throws {
        #expect(try await turns.take("card", for: Self.id(1)))
        #expect(try await turns.take("card", for: Self.id(1)) == false)
        #expect(try await turns.take("menu", for: Self.id(2)))
        turns.end(Self.id(1))
        // Free again, but no longer untouched.
        #expect(try await turns.take("card", for: Self.id(2)) == false)
    }

    @Test func whoIsCancelledWaitsNoMoreAndIsPassedOver() async throws {
        _ = try await turns.take("card", for: Self.id(1))
        let cancelled = Task { _ = try await turns.take("card", for: Self.id(2)) }
        let patient = Task { _ = try await turns.take("card", for: Self.id(3)) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        turns.end(Self.id(1))
        try await patient.value
    }
}
