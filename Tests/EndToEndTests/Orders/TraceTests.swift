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

        /// A line of a dead letter is found as one of a handled message is; what cannot be read is left out of it.
        @Test func aDeadLetterIsFoundByItsTraceAndItsSaga() async throws {
            try await Town.withTown(["LOG_LEVEL": "info"], starting: ["kitchen"]) { town in
                let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
                let saga = "01900000-0000-7000-8000-000000000001"
                let broken = try town.unreadable(saga: saga, traceparent: .string("00-\(trace)-00f067aa0ba902b7-01"))
                let hostile: [HeaderValue] = [
                    .string(String(repeating: "é", count: 55)), .string("00-"), .integer(7), .bytes([0xFF, 0xFE]),
                ]
                let others = try hostile.map { try town.unreadable(saga: nil, traceparent: $0) }
                for message in [broken] + others { try await town.client.send(message, to: "kitchen") }
                let ids = ([broken] + others).compactMap(\.properties.messageID)
                var dead: [String: Line] = [:]
                try await waitUntil("all are dead") {
                    for line in town.lines(of: "kitchen") where line.message == "a message is dead" {
                        if let id = line.messageID { dead[id] = line }
                    }
                    return dead.count == ids.count
                }
                #expect(dead[ids[0]]?.trace == trace && dead[ids[0]]?.saga == saga)
                #expect(ids.dropFirst().allSatisfy { dead[$0]?.trace == nil && dead[$0]?.saga == nil })
            }
        }

        @Test func aProgramThatCannotGoOnSaysSoInItsLog() async throws {
            try await Town.withTown(starting: []) { town in
                try await town.keeper.start("kitchen", ["AMQP_URL": "nonsense"])
                try await waitUntil("it has said why") { town.keeper.log("kitchen").contains("AMQP_URL") }
                let log = town.keeper.log("kitchen").split(separator: "\n")
                #expect(log.count == town.lines(of: "kitchen").count, "\(log)")
                let last = try #require(town.lines(of: "kitchen").last)
                #expect(last.level == "error" && last.error?.contains("AMQP_URL") == true, "\(log)")
            }
        }

        private struct Placed: Decodable {
            var trace: String

            private enum CodingKeys: String, CodingKey {
                case trace = "trace_id"
            }
        }

        fileprivate struct Line: Decodable {
            var message: String
            var level: String
            var trace: String?
            var saga: String?
            var messageID: String?
            var error: String?

            private enum CodingKeys: String, CodingKey {
                case message = "msg"
                case level, error
                case trace = "trace_id"
                case saga = "saga_id"
                case messageID = "message_id"
            }
        }
    }
}

extension Town {
    /// What a service has logged, as far as it is a record.
    fileprivate func lines(of service: String) -> [TownTests.TraceTests.Line] {
        keeper.log(service).split(separator: "\n").compactMap {
            try? JSON.decode(TownTests.TraceTests.Line.self, from: Array($0.utf8))
        }
    }

    /// A command whose body is none.
    fileprivate func unreadable(saga: String?, traceparent: HeaderValue) throws -> WireMessage {
        var message = try client.command(KitchenMessages.ConfirmTicket(orderId: "stray"))
        message.body = Array("no JSON".utf8)
        message.properties.correlationID = saga
        message.headers[HeaderName.traceparent] = traceparent
        return message
    }
}
