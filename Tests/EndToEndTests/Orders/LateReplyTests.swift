import Contracts
import Orchestration
import Postgres
import SagaModel
import Testing

extension TownTests {
    /// Replies that come when nobody waits for them any more.
    @Suite struct LateReplyTests {
        @Test func aReplyAfterItsStepWasGivenUpChangesNothing() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let folder = try await town.beImpatient(with: .card(seconds: 1))
                defer { folder.remove() }
                // It neither answers nor ends, until the step is in doubt and being undone.
                try town.keeper.suspend("accounting")
                try await town.place("late-after-its-step")
                try await town.untilAsked("accounting.ReverseAuthorization")
                try town.keeper.resume("accounting")
                try await town.expectRejected("late-after-its-step", because: nil)
                let late = try await town.ignoredReplies(of: "late-after-its-step")
                #expect(late["CardAuthorized"]?.first == .notAwaited, "\(late)")
                #expect(try await town.number("accounting", "SELECT held FROM account WHERE consumer = 'ada'") == 0)
                #expect(try await town.number("accounting", "SELECT count(*) FROM ledger") == 2)
                try await town.expectQuiet()
                try await town.expectCleanAudit()
            }
        }

        @Test func aReplyAfterTheEndOfItsSagaChangesNothing() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let folder = try await town.beImpatient(with: .card(seconds: 1))
                defer { folder.remove() }
                try await town.keeper.stop("accounting")
                try await town.place("late-after-its-saga")
                try await town.untilAsked("accounting.AuthorizeCard")
                let hold = try await ReplyHold(town)
                try await town.keeper.start("accounting")
                try await waitUntil("the card was held and released") {
                    try await town.authorization("late-after-its-saga") == "REVERSED"
                }
                try await waitUntil("both answers are held") { try await hold.count >= 2 }
                try await hold.letNewOnesPass()
                // The undo is asked for again and answered again; that ends the saga.
                try await town.expectRejected("late-after-its-saga", because: nil)
                #expect(try await town.ignoredReplies(of: "late-after-its-saga").isEmpty)

                try await hold.letGo()
                // The answer to the undo was taken already under its id; that of the card was never seen.
                try await waitUntil("the late reply is written down") {
                    try await town.ignoredReplies(of: "late-after-its-saga") == ["CardAuthorized": [.alreadyFinished]]
                }
                try await town.expectRejected("late-after-its-saga", because: nil)
                #expect(try await town.number("accounting", "SELECT count(*) FROM ledger") == 2)
                await hold.close()
                try await town.expectQuiet()
                try await town.expectCleanAudit()
            }
        }

        @Test func ofTheRepliesToARequestThatWasRepeatedOneCounts() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let folder = try await town.beImpatient(with: .ticket)
                defer { folder.remove() }
                try await town.keeper.stop("kitchen")
                try await town.place("asked-twice")
                try await town.untilAsked("kitchen.CreateTicket")
                let hold = try await ReplyHold(town)
                try await town.keeper.start("kitchen")
                try await waitUntil("the request was repeated and answered each time") { try await hold.count >= 3 }
                try await hold.letNewOnesPass()
                try await hold.letGo()
                try await town.until("asked-twice", is: "APPROVED")
                await hold.close()
                try await town.expectQuiet()
                try await town.expectCleanAudit()
                #expect(try await town.number("kitchen", "SELECT count(*) FROM ticket") == 1)
                #expect(try await town.number("order", "SELECT total FROM orders WHERE id = 'asked-twice'") == 1900)
                // The queue is empty, so all have been there: they bear one id, and the inbox knew it.
                let taken = try await town.replies(of: "asked-twice").map(\.name)
                #expect(taken.count(where: { $0 == "TicketCreated" }) == 1, "\(taken)")
            }
        }
    }
}

extension Town {
    /// Where a saga loses its patience.
    enum ShortStep {
        /// So many seconds, then the card is released again.
        case card(seconds: Int)
        /// One second, then the same request again, many times.
        case ticket

        fileprivate func shorten(_ text: String) -> String {
            switch self {
            case .card(let seconds):
                text.replacing(
                    """
                    accounting.ReverseAuthorization, with: { orderId: data.orderId } }   # serves the doubt alone
                        timeout: PT10S
                    """,
                    with: """
                        accounting.ReverseAuthorization, with: { orderId: data.orderId }, timeout: PT1S }
                            timeout: PT\(seconds)S
                            retry: { attempts: 1 }
                        """)
            case .ticket:
                text.replacing(
                    """
                    kitchen.CancelTicket, with: { orderId: data.orderId } }
                        timeout: PT10S
                    """,
                    with: """
                        kitchen.CancelTicket, with: { orderId: data.orderId } }
                            timeout: PT1S
                            retry: { attempts: 60, backoff: constant }
                        """)
            }
        }
    }

    /// Lets the orchestrator run by a definition with one short timeout.
    func beImpatient(with step: ShortStep) async throws -> Definitions {
        let folder = try Definitions.changed(step.shorten)
        try await keeper.stop("orchestrator")
        try await keeper.start("orchestrator", ["SKALD_SAGAS": folder.path])
        return folder
    }

    /// Waits until a command of this type was decided upon.
    func untilAsked(_ type: String) async throws {
        try await waitUntil("\(type) is sent") {
            guard let saga = try await sagas().list().sagas.first else { return false }
            return try await sagas().records(of: saga.id).flatMap(\.entry.actions).contains { action in
                guard case .send(let command) = action else { return false }
                return "\(command.participant).\(command.name)" == type
            }
        }
    }

    /// The replies that an order's saga wrote down, with the reason where it did not apply one.
    func replies(of order: String) async throws -> [(name: String, ignored: IgnoreReason?)] {
        let saga = try #require(try await sagas().sagas(withKey: order).first)
        return try await sagas().records(of: saga.id).compactMap { record in
            guard case .replied(let reply) = record.entry.input.happening else { return nil }
            for case .ignore(let reason) in record.entry.actions { return (reply.name, reason) }
            return (reply.name, nil)
        }
    }

    /// The reasons for replies that were written down and not applied, by name.
    func ignoredReplies(of order: String) async throws -> [String: [IgnoreReason]] {
        try await replies(of: order).reduce(into: [:]) { ignored, reply in
            if let reason = reply.ignored { ignored[reply.name, default: []].append(reason) }
        }
    }
}
