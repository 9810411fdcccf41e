import SagaCheck
import SagaModel
import Testing

@Suite("A scenario")
struct ScenarioTests {
    private typealias Moment = Scenario.Moment

    private static let approval: [Scenario.Moment] = [
        Scenario.Moment(given: .started(saga: nil, payload: nil), expect: [.sends(["consumer.VerifyConsumer"])]),
        replied("verify-consumer", "ConsumerVerified", sends: "kitchen.CreateTicket"),
        replied("create-ticket", "TicketCreated", sends: "accounting.AuthorizeCard"),
        replied("authorize-card", "CardAuthorized", sends: "kitchen.ConfirmTicket"),
        replied("confirm-ticket", "TicketConfirmed", sends: "order.ApproveOrder"),
    ]

    private static func replied(_ step: String, _ name: String, sends: String) -> Scenario.Moment {
        Scenario.Moment(
            given: .replied(Scenario.StepReference(step), name: name, payload: nil), expect: [.sends([sends])])
    }

    private func run(_ moments: [Scenario.Moment], attempts: Int? = nil) throws -> ScenarioResult {
        try Scenario(name: "test", sagas: ["create-order"], attempts: attempts, moments: moments)
            .run(with: Shipped.all)
    }

    @Test("passes when everything is as expected, and gives a history that replays")
    func passes() throws {
        let end = Moment(
            given: .replied(Scenario.StepReference("approve-order"), name: "OrderApproved", payload: nil),
            expect: [
                .sends([]), .ended(saga: nil, outcome: "approved"), .promiseKept(saga: nil), .over(saga: nil),
                .unlocked(AggregateName(participant: "order", aggregate: "order")), .goesForward,
                .states([
                    StartState(
                        aggregate: AggregateName(participant: "kitchen", aggregate: "ticket"),
                        states: ["AWAITING_ACCEPTANCE"])
                ]),
            ])
        let result = try run(Self.approval + [end])
        #expect(result.failure == nil)
        let history = try #require(result.histories.first)
        #expect(history.entries.count == 6)
        #expect(history.replay(with: try CompiledDefinition(try Shipped.createOrder)) == nil)
    }

    @Test(
        "fails at the first expectation that is not met",
        arguments: [
            .sends(["kitchen.CreateTicket"]), .ignored(reason: nil), .alarm, .over(saga: nil), .sendsAgain(true),
            .stuck(saga: nil, step: "approve-order", reason: nil), .ended(saga: nil, outcome: "approved"),
            .data(saga: nil, ["ticketId": "other"]),
            .unlocked(AggregateName(participant: "order", aggregate: "order")),
            .undone(Scenario.StepReference("create-ticket")),
            .payload(command: "order.ApproveOrder", ["orderId": "other"]), .waiting(saga: "cancel-order"),
            .states([
                StartState(
                    aggregate: AggregateName(participant: "order", aggregate: "order"), states: ["APPROVED"])
            ]),
        ] as [Scenario.Expectation])
    func fails(expectation: Scenario.Expectation) throws {
        var moments = Self.approval
        moments[4].expect = [.waiting(saga: nil), expectation]
        let failure = try #require(try run(moments).failure)
        #expect(failure.moment == 4)
        #expect(failure.expectation == 1)
    }

    @Test("fails where a participant could not have answered so")
    func impossibleReply() throws {
        let moments = [
            Self.approval[0],
            Moment(given: .replied(Scenario.StepReference("verify-consumer"), name: "TicketCreated", payload: nil)),
        ]
        let failure = try #require(try run(moments).failure)
        #expect(failure.expectation == nil)
        #expect(failure.message.hasPrefix("consumer cannot answer `TicketCreated` to VerifyConsumer now, only"))
    }

    @Test("tells silence, doubt, fence and late replies")
    func doubt() throws {
        let ticket = Scenario.StepReference("create-ticket")
        let undo = Scenario.StepReference("create-ticket", .undo)
        let result = try run(
            Array(Self.approval.prefix(2)) + [
                Moment(
                    given: .silence(ticket, fate: .plain),
                    expect: [.sends(["kitchen.CreateTicket"]), .sendsAgain(true)]),
                Moment(
                    given: .silence(ticket, fate: .plain),
                    expect: [.sends(["kitchen.CancelTicket"]), .sendsAgain(false)]),
                Moment(given: .replied(undo, name: "TicketCancelled", payload: nil)),
                Moment(given: .handled(ticket, reply: "Fenced", payload: nil, fate: .plain)),
                Moment(given: .taken(ticket, fate: .plain), expect: [.ignored(reason: "that request is not awaited")]),
                Moment(given: .repeated(ticket, fate: .plain)),
            ], attempts: 2)
        #expect(result.failure == nil)
    }

    @Test("tells orders, pauses, forgeries, losses and moves")
    func rest() throws {
        let ticket = Scenario.StepReference("confirm-ticket")
        let kitchen = AggregateName(participant: "kitchen", aggregate: "ticket")
        let order = OperatorOrder(.retry, reason: "checked", who: "somebody")
        let result = try run(
            Array(Self.approval.prefix(4)) + [
                Moment(
                    given: .forged(ticket, reply: "TicketConfirmed", sender: "order", attempt: nil, payload: nil),
                    expect: [.ignored(reason: "only kitchen was asked")]),
                Moment(given: .paused(participant: "kitchen"), expect: [.sends([])]),
                Moment(given: .resumed(participant: "kitchen")),
                Moment(given: .ordered(saga: nil, order), expect: [.ignored(reason: "nothing is stuck there")]),
                Moment(given: .lostCommand(ticket)),
                Moment(given: .silence(ticket, fate: .plain)),
                Moment(
                    given: .silence(ticket, fate: .plain),
                    expect: [.stuck(saga: nil, step: "confirm-ticket", reason: "no answer came")]),
                Moment(given: .ordered(saga: nil, order), expect: [.sends(["kitchen.ConfirmTicket"])]),
                Moment(given: .handled(ticket, reply: nil, payload: nil, fate: .duplicated)),
                Moment(given: .moved(kitchen, move: "accept")),
                Moment(given: .lostReply(ticket)),
                Moment(given: .repeated(ticket, fate: .plain)),
                Moment(given: .deadline(saga: nil), expect: [.alarm]),
                Moment(given: .taken(ticket, fate: .plain), expect: [.sends(["order.ApproveOrder"])]),
            ], attempts: 2)
        #expect(result.failure == nil)
    }

    /// The first beginning has the sale paid, and only the second, the initial state, breaks the promise.
    @Test("that a check wrote begins where its story does")
    func beginning() throws {
        let start = "set: { saleId: event.saleId } }"
        let definition = try Sale.changed(
            saga: [
                (start, start.replacing(" } }", with: " }, given: { sale: [PAID, none] } }")),
                ("sale in [none, RETURNED]", "sale in [PAID, RETURNED]"),
            ])
        let finding = try #require(try Check.check([definition]).findings.first)
        #expect(finding.code == .promiseBroken)
        let scenario = try #require(finding.scenario)
        #expect(scenario.given.map(\.states) == [["none"]])
        #expect(try scenario.run(with: [definition]).failure?.expectation == 0)
    }

    @Test("tells what happens, sentence by sentence")
    func story() throws {
        let (pay, undo) = (Scenario.StepReference("pay"), Scenario.StepReference("pay", .undo))
        let given: [Scenario.Given] = [
            .started(saga: nil, payload: nil), .forged(pay, reply: "Gone", sender: nil, attempt: 2, payload: nil),
            .lostCommand(pay), .silence(pay, fate: .plain), .replied(undo, name: "Returned", payload: nil),
            .paused(participant: "till"),
        ]
        let scenario = Scenario(name: "told", sagas: ["sell"], attempts: 1, moments: given.map { .init(given: $0) })
        let result = try scenario.run(with: [try Sale.changed()])
        #expect(result.failure == nil)
        #expect(
            result.sentences == [
                "`till.sale-begun` starts sell. It sends till.Pay.",
                "A reply Gone to pay, which nobody here has sent, reaches sell. It ignores it (it names another step, "
                    + "direction or try than the request).",
                "Pay ends among the dead letters.", "The timer of pay in sell fires. It sends till.Return.",
                "till handles Return and finds nothing to undo; it answers Returned.",
                "sell takes Returned, the reply to Return. It ends as unsold.",
                "Nothing more is sent to till. It ignores it (the saga has ended).",
            ])
    }

    @Test("tells whether a timer was early")
    func earlyTimers() throws {
        let pay = Scenario.StepReference("pay")
        func sentences(_ attempts: Int, _ given: Scenario.Given...) throws -> [String] {
            let started = Scenario.Given.started(saga: nil, payload: nil)
            let scenario = Scenario(
                name: "timer", sagas: ["sell"], attempts: attempts,
                moments: ([started] + given).map { .init(given: $0) })
            return try scenario.run(with: [try Sale.changed()]).sentences
        }
        #expect(
            try sentences(1, .silence(pay, fate: .plain)).last
                == "The timer of pay in sell fires although the answer is still to come. It sends till.Return.")
        #expect(
            try sentences(2, .lostCommand(pay), .silence(pay, fate: .crashedAfterPublishing)).last
                == "The timer of pay in sell fires. It sends till.Pay. The orchestrator crashes before the broker's "
                + "confirm is noted; the timer comes again, and what was committed is published twice.")
    }
}
