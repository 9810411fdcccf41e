import SagaModel

/// A saga of the order business, as a value.
enum SampleSagas {
    static let createOrder = Definition(
        name: "create-order", version: 1,
        start: Start(
            event: "order.created", key: "orderId",
            set: [
                Assignment("orderId", Path(.event, "orderId")), Assignment("consumerId", Path(.event, "consumerId")),
                Assignment("lines", Path(.event, "lines")),
            ],
            undo: call("order", "RejectOrder"),
            given: [StartState(aggregate: orderAggregate, states: ["APPROVAL_PENDING"])]),
        deadline: .seconds(900),
        data: [
            Field("orderId", .id), Field("consumerId", .id), Field("lines", .list(.string)),
            Field("ticketId", .optional(.id)), Field("total", .optional(.money)),
        ],
        participants: SampleParticipants.all,
        flow: [
            .step(
                Step(
                    id: "verify-consumer", kind: .compensatable, action: .send(call("consumer", "VerifyConsumer")),
                    undo: call("consumer", "ReleaseConsumer"))),
            .step(
                Step(
                    id: "create-ticket", kind: .compensatable,
                    action: .send(
                        CommandCall(
                            participant: "kitchen", command: "CreateTicket",
                            with: [orderID, Assignment("lines", Path(.data, "lines"))])),
                    undo: call("kitchen", "CancelTicket"),
                    on: [
                        ReplyRule(
                            reply: "TicketCreated",
                            set: [
                                Assignment("ticketId", Path(.reply, "ticketId")),
                                Assignment("total", Path(.reply, "total")),
                            ])
                    ])),
            .step(
                Step(
                    id: "authorise-card", kind: .pivot,
                    action: .send(
                        CommandCall(
                            participant: "accounting", command: "AuthoriseCard",
                            with: [orderID, Assignment("total", .literal(100))])),
                    undo: call("accounting", "UndoAuthoriseCard"))),
            .step(
                Step(
                    id: "confirm-ticket", kind: .retriable, action: .send(call("kitchen", "ConfirmTicket")),
                    retry: .compensation)),
            .step(
                Step(
                    id: "approve-order", kind: .retriable, action: .send(call("order", "ApproveOrder")),
                    retry: .compensation)),
        ],
        outcomes: [
            Outcome(
                name: "approved", end: .completed,
                require: .and([
                    order(in: "APPROVED"), ticket(in: "AWAITING_ACCEPTANCE", "ACCEPTED", "PREPARING"),
                    authorisation(in: "AUTHORISED"), slot(in: "TAKEN"),
                ])),
            Outcome(
                name: "rejected", end: .compensated,
                require: .and([
                    order(in: "REJECTED"), ticket(in: "none", "CANCELLED"), authorisation(in: "none", "REVERSED"),
                    slot(in: "none", "FREE"),
                ])),
        ])

    /// Begins with a wait.
    static let waiting: Definition = {
        var definition = createOrder
        let event = definition.participants[0].events[0].type
        definition.flow.insert(
            .step(
                Step(
                    id: "hear", kind: .check,
                    action: .await(
                        AwaitedEvents(
                            events: [event], key: "orderId", correlation: Path(.data, "orderId"), onTimeout: .fail)))),
            at: 0)
        return definition
    }()

    // MARK: Parts

    private static let orderAggregate = AggregateName(participant: "order", aggregate: "order")
    private static let orderID = Assignment("orderId", Path(.data, "orderId"))

    private static func call(_ participant: String, _ command: String) -> CommandCall {
        CommandCall(participant: participant, command: command, with: [orderID])
    }

    private static func order(in states: String...) -> Condition { state("order", "order", states) }
    private static func ticket(in states: String...) -> Condition { state("kitchen", "ticket", states) }
    private static func slot(in states: String...) -> Condition { state("consumer", "slot", states) }
    private static func authorisation(in states: String...) -> Condition {
        state("accounting", "authorisation", states)
    }

    private static func state(_ participant: String, _ aggregate: String, _ states: [String]) -> Condition {
        .among(.path(Path(.state, participant, aggregate)), states.map { .literal(.string($0)) })
    }
}
