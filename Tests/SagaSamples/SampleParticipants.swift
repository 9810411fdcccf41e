package import SagaModel

/// The participants of the order business, as values.
package enum SampleParticipants {
    package static let order = Participant(
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
            command("BeginCancelOrder", "order", ["APPROVED"], .state("CANCEL_PENDING"), ok: "OrderCancelBegun"),
            command(
                "UndoBeginCancelOrder", "order", ["CANCEL_PENDING"], .remembered, ok: "OrderCancelUndone",
                undoes: "BeginCancelOrder"),
            command("ConfirmCancelOrder", "order", ["CANCEL_PENDING"], .state("CANCELLED"), ok: "OrderCancelled"),
            command("BeginReviseOrder", "order", ["APPROVED"], .state("REVISION_PENDING"), ok: "OrderRevisionBegun"),
            command(
                "UndoBeginReviseOrder", "order", ["REVISION_PENDING"], .remembered, ok: "OrderRevisionUndone",
                undoes: "BeginReviseOrder"),
            command("ConfirmReviseOrder", "order", ["REVISION_PENDING"], .remembered, ok: "OrderRevised"),
        ],
        events: [
            EventContract(
                type: "order.created",
                payload: [Field("orderId", .id), Field("consumerId", .id), Field("lines", .list(.string))]),
            EventContract(
                type: "order.cancelRequested", payload: [Field("requestId", .id), Field("orderId", .id)]),
            EventContract(
                type: "order.reviseRequested", payload: [Field("requestId", .id), Field("orderId", .id)]),
        ])

    package static let consumer = Participant(
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

    package static let kitchen = Participant(
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
            command(
                "BeginCancelTicket", "ticket", ["AWAITING_ACCEPTANCE", "ACCEPTED"], .state("CANCEL_PENDING"),
                ok: "TicketCancelBegun"),
            command(
                "UndoBeginCancelTicket", "ticket", ["CANCEL_PENDING"], .remembered, ok: "TicketCancelUndone",
                undoes: "BeginCancelTicket"),
            command(
                "ConfirmCancelTicket", "ticket", ["CANCEL_PENDING"], .state("CANCELLED"), ok: "TicketCancelConfirmed"
            ),
            command(
                "BeginReviseTicket", "ticket", ["AWAITING_ACCEPTANCE", "ACCEPTED"], .state("REVISION_PENDING"),
                ok: "TicketRevisionBegun"),
            command(
                "UndoBeginReviseTicket", "ticket", ["REVISION_PENDING"], .remembered, ok: "TicketRevisionUndone",
                undoes: "BeginReviseTicket"),
            command("ConfirmReviseTicket", "ticket", ["REVISION_PENDING"], .remembered, ok: "TicketRevised"),
        ])

    package static let accounting = Participant(
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
            command(
                "ReverseAuthorisation", "authorisation", ["AUTHORISED"], .state("REVERSED"),
                ok: "AuthorisationReversed", fail: ["ReversalRefused"]),
            command(
                "UndoReverseAuthorisation", "authorisation", ["REVERSED"], .state("AUTHORISED"),
                ok: "AuthorisationRestored", undoes: "ReverseAuthorisation"),
            command(
                "ReviseAuthorisation", "authorisation", ["AUTHORISED"], .unchanged, ok: "AuthorisationRevised",
                fail: ["CardDeclined"]),
            command(
                "UndoReviseAuthorisation", "authorisation", ["AUTHORISED"], .unchanged,
                ok: "AuthorisationRevisionUndone", undoes: "ReviseAuthorisation"),
        ])

    package static let all = [order, consumer, kitchen, accounting]

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
