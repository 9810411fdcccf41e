import Contracts
import Messaging
import Orchestration
import Postgres
import SagaModel
import Testing

extension TownTests {
    /// One trace, from the message that somebody sends to the order that is approved.
    @Suite struct TraceTests {
        @Test func aTraceIsFoundInEveryServiceThatTookPart() async throws {
            // As services log when nobody says otherwise.
            try await Town.withTown(["LOG_LEVEL": "info"]) { town in
                let placed = try await town.skald("inject", "order.PlaceOrder", "--wait", "--json")
                #expect(placed.exit == "exit status 0", "\(placed.output)")
                let trace = try JSON.decode(Placed.self, from: Array(placed.data.utf8)).trace
                #expect(trace.count == 32)
                let saga = try #require(try await town.sagas().list().sagas.first)
                #expect(saga.outcome == "approved")
                #expect(saga.traceparent?.hasPrefix("00-\(trace)-") == true, "\(saga.traceparent ?? "none")")

                // The answers to the saga's commands, as each service keeps them.
                for service in ["order", "consumer", "kitchen", "accounting"] {
                    let replies = try await town.number(
                        service,
                        "SELECT count(*) FROM skald.reply WHERE envelope::json ->> 'saga' = \(saga.id.description)")
                    let traced = try await town.number(
                        service,
                        """
                        SELECT count(*) FROM skald.reply WHERE envelope::json ->> 'saga' = \(saga.id.description)
                            AND envelope::json ->> 'traceparent' LIKE '00-' || \(trace) || '-%'
                        """)
                    #expect(replies > 0 && traced == replies, "\(service): \(traced) of \(replies)")
                }
                for service in Town.services {
                    let lines = town.keeper.log(service).split(separator: "\n").filter { $0.contains(trace) }
                    #expect(!lines.isEmpty, "\(service) logs nothing of the trace")
                    #expect(lines.allSatisfy { (try? JSON.decode(Line.self, from: Array($0.utf8)))?.trace == trace })
                }
                let kitchen = town.keeper.log("kitchen").split(separator: "\n").filter { $0.contains(trace) }
                #expect(
                    kitchen.contains { $0.contains("kitchen.CreateTicket") && $0.contains("kitchen.TicketCreated") })
                try await town.expectQuiet()
            }
        }

        private struct Placed: Decodable {
            var trace: String

            private enum CodingKeys: String, CodingKey {
                case trace = "trace_id"
            }
        }

        private struct Line: Decodable {
            var trace: String

            private enum CodingKeys: String, CodingKey {
                case trace = "trace_id"
            }
        }
    }
}
