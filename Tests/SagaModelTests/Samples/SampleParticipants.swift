import SagaModel

/// The participants of the order business, as values.
enum SampleParticipants {
    static let order = Participant(
        name: "order",
        aggregates: [
            Aggregate(
                name: "order",
                states: [
                    "none", "APPROVAL_PENDING", "APPROVED", "REJECTED", "CANCEL_PENDING", "CANCELLED",
                    "REVISION_PENDING",
                ],
                pending: ["APPROVAL_PENDING", "CANCEL_PENDING", "REVISION_PENDING"])
        ],
        commands: [
            command("ApproveOrder", "order", ["APPROVAL_PENDING"], .state("APPROVED"), ok: "OrderApproved"),
            command("RejectOrder", "order", ["APPROVAL_PENDING"], .state("REJECTED"), ok: "OrderRejected"),
        ],
        events: [
            EventContract(
                type: "order.created",
                payload: [Field("orderId", .id), Field("consumerId", .id), Field("lines", .list(.string))])
        ])

    static let consumer = Participant(
        name: "consumer",
        aggregates: [Aggregate(name: "slot", states: ["none", "TAKEN", "FREE"])],
        commands: [
            command(
                "VerifyConsumer", "slot", ["none"], .state("TAKEN"), ok: "ConsumerVerified",
                fail: ["ConsumerUnknown", "DailyLimitReached"]),
            command(
                "ReleaseConsumer", "slot", ["TAKEN"], .state("FREE"), ok: "ConsumerReleased",
                undoes: "VerifyConsumer"),
        ])

    static let kitchen = Participant(
        name: "kitchen",
        aggregates: [
            Aggregate(
                name: "ticket",
                states: [
                    "none", "CREATE_PENDING", "AWAITING_ACCEPTANCE", "ACCEPTED", "PREPARING", "CANCEL_PENDING",
                    "REVISION_PENDING", "CANCELLED",
                ],
                pending: ["CREATE_PENDING", "CANCEL_PENDING", "REVISION_PENDING"],
                moves: [
                    SpontaneousMove(name: "accept", from: ["AWAITING_ACCEPTANCE"], to: "ACCEPTED"),
                    SpontaneousMove(name: "prepare", from: ["ACCEPTED"], to: "PREPARING"),
                ])
        ],
        commands: [
            CommandContract(
                name: "CreateTicket", aggregate: "ticket", key: "orderId",
                payload: [Field("orderId", .id), Field("lines", .list(.string))],
                transitions: [Transition(from: ["none"], to: .state("CREATE_PENDING"))],
                successes: [
                    ReplyContract(name: "TicketCreated", payload: [Field("ticketId", .id), Field("total", .money)])
                ],
                failures: [ReplyContract(name: "MenuInvalid"), ReplyContract(name: "RestaurantClosed")]),
            command(
                "CancelTicket", "ticket", ["CREATE_PENDING"], .state("CANCELLED"), ok: "TicketCancelled",
                undoes: "CreateTicket"),
            command(
                "ConfirmTicket", "ticket", ["CREATE_PENDING"], .state("AWAITING_ACCEPTANCE"), ok: "TicketConfirmed"),
        ])

    static let accounting = Participant(
        name: "accounting",
        aggregates: [Aggregate(name: "authorisation", states: ["none", "AUTHORISED", "REVERSED"])],
        commands: [
            CommandContract(
                name: "AuthoriseCard", aggregate: "authorisation", key: "orderId",
                payload: [Field("orderId", .id), Field("total", .money)],
                transitions: [Transition(from: ["none"], to: .state("AUTHORISED"))],
                successes: [ReplyContract(name: "CardAuthorised")],
                failures: [ReplyContract(name: "CardDeclined")]),
            command(
                "UndoAuthoriseCard", "authorisation", ["AUTHORISED"], .state("REVERSED"), ok: "AuthorisationUndone",
                undoes: "AuthoriseCard"),
        ])

    static let all = [order, consumer, kitchen, accounting]

    private static func command(
        _ name: String, _ aggregate: String, _ from: [String], _ to: Transition.Target, ok: String,
        fail: [String] = [], undoes: String? = nil
    ) -> CommandContract {
        CommandContract(
            name: name, aggregate: aggregate, key: "orderId", payload: [Field("orderId", .id)],
            transitions: [Transition(from: from, to: to)], successes: [ReplyContract(name: ok)],
            failures: (fail + ["WrongState"]).map { ReplyContract(name: $0) }, refusal: "WrongState", undoes: undoes)
    }
}
