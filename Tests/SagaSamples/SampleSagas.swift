package import SagaModel

/// The sagas of the order business, as values.
package enum SampleSagas {
    package static let createOrder = Definition(
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

    package static let cancelOrder = change(
        "cancel-order", event: "order.cancelRequested", begin: "BeginCancel", confirm: "ConfirmCancel",
        pivot: "ReverseAuthorisation",
        done: .and([order(in: "CANCELLED"), ticket(in: "CANCELLED"), authorisation(in: "REVERSED")]),
        pending: "CANCEL_PENDING")

    package static let reviseOrder = change(
        "revise-order", event: "order.reviseRequested", begin: "BeginRevise", confirm: "ConfirmRevise",
        pivot: "ReviseAuthorisation",
        done: .and([
            order(in: "APPROVED"), ticket(in: "AWAITING_ACCEPTANCE", "ACCEPTED", "PREPARING"),
            authorisation(in: "AUTHORISED"),
        ]),
        pending: "REVISION_PENDING")

    package static let all = [createOrder, cancelOrder, reviseOrder]

    private static func change(
        _ name: String, event: String, begin: String, confirm: String, pivot: String, done: Condition,
        pending: String
    ) -> Definition {
        Definition(
            name: name, version: 1,
            start: Start(
                event: event, key: "requestId", set: [Assignment("orderId", Path(.event, "orderId"))],
                given: [
                    StartState(
                        aggregate: orderAggregate,
                        states: ["APPROVED", "APPROVAL_PENDING", "REJECTED", "CANCELLED"]),
                    StartState(
                        aggregate: AggregateName(participant: "kitchen", aggregate: "ticket"),
                        states: ["AWAITING_ACCEPTANCE", "ACCEPTED", "PREPARING", "CANCELLED"]),
                    StartState(
                        aggregate: AggregateName(participant: "accounting", aggregate: "authorisation"),
                        states: ["AUTHORISED", "REVERSED"]),
                ]),
            data: [Field("orderId", .id)], participants: SampleParticipants.all,
            flow: [
                .step(
                    Step(
                        id: "begin-order", kind: .compensatable, action: .send(call("order", begin + "Order")),
                        undo: call("order", "Undo" + begin + "Order"))),
                .step(
                    Step(
                        id: "begin-ticket", kind: .compensatable, action: .send(call("kitchen", begin + "Ticket")),
                        undo: call("kitchen", "Undo" + begin + "Ticket"))),
                .step(
                    Step(
                        id: "settle-card", kind: .pivot, action: .send(call("accounting", pivot)),
                        undo: call("accounting", "Undo" + pivot))),
                .step(
                    Step(
                        id: "confirm-ticket", kind: .retriable,
                        action: .send(call("kitchen", confirm + "Ticket")), retry: .compensation)),
                .step(
                    Step(
                        id: "confirm-order", kind: .retriable, action: .send(call("order", confirm + "Order")),
                        retry: .compensation)),
            ],
            outcomes: [
                Outcome(name: "done", end: .completed, require: done),
                Outcome(
                    name: "refused", end: .compensated,
                    require: .not(.or([order(in: pending), ticket(in: pending)]))),
            ])
    }

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
