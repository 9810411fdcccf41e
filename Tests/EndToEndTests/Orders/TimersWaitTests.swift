import Postgres
import Testing

extension TownTests {
    /// Replies that came in time, and could not be taken in time.
    @Suite struct TimersWaitTests {
        @Test func aReplyInHandComesBeforeItsTimer() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let folder = try await town.beImpatient(with: .card(seconds: 10))
                defer { folder.remove() }
                try town.keeper.suspend("accounting")
                try await town.place("o1")
                try await town.untilCardsAreAskedFor(count: 1)
                try await town.place("o2")
                try await town.untilCardsAreAskedFor(count: 2)
                let last = try await town.number(
                    "orchestrator", "SELECT (extract(epoch FROM max(wake_at)) * 1000)::bigint FROM saga_instance")
                // Somebody holds the first saga; the reply of the second stands in line behind that of the first.
                try await town.database("orchestrator").withTransaction { transaction in
                    try await transaction.query("SELECT FROM saga_instance ORDER BY id LIMIT 1 FOR UPDATE")
                    try town.keeper.resume("accounting")
                    try await waitUntil("both timers are late") {
                        try await town.has(
                            "orchestrator", "SELECT WHERE extract(epoch FROM now()) * 1000 > \(last) + 2000")
                    }
                }
                for order in ["o1", "o2"] {
                    try await town.until(order, is: "APPROVED")
                    let ignored = try await town.ignoredReplies(of: order)
                    #expect(ignored.isEmpty)
                }
                #expect(try await town.number("accounting", "SELECT count(*) FROM ledger") == 2)
                try await town.expectQuiet()
            }
        }
    }
}

extension Town {
    fileprivate func untilCardsAreAskedFor(count: Int64) async throws {
        try await waitUntil("\(count) cards are asked for") {
            try await number(
                "orchestrator",
                "SELECT count(*) FROM saga_instance WHERE state LIKE '%\"step\":\"authorize-card\"%'") == count
        }
    }
}
