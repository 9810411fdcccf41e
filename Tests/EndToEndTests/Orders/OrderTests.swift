import Contracts
import Orchestration
import Postgres
import SagaModel
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct OrderTests {
    @Test func anOrderGoesFromPendingToApproved() async throws {
        try await Town.withTown { town in
            try await town.settle()
            try await town.place("o1")
            try await town.until("o1", is: "APPROVED")
            #expect(try await town.ticket("o1") == "AWAITING_ACCEPTANCE")
            #expect(try await town.authorization("o1") == "AUTHORIZED")
            #expect(try await town.slot("o1") == "TAKEN")
            let saga = try await town.ended("create-order", "o1")
            #expect(saga.standing == .finished && saga.outcome == "approved")
            #expect(try await town.number("order", "SELECT total FROM orders WHERE id = 'o1'") == 1900)
            #expect(try await town.number("accounting", "SELECT held FROM account WHERE consumer = 'ada'") == 1900)
            try await town.expectQuiet()
        }
    }
}
