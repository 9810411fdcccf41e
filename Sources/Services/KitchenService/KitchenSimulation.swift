import Contracts
import Messaging
import Participant
import Postgres
import Telemetry

/// A kitchen that accepts, cooks and hands over by itself, at a pace.
///
/// What it will do next stands in a row, so a restart forgets nothing; any number of processes may cook.
struct KitchenSimulation: LongRunning {
    let participant: Participant
    let pace: KitchenPace
    /// The wall clock, in milliseconds since 1970.
    let now: @Sendable () -> Int64
    let log: Logger

    private static let interval = Duration.milliseconds(100)
    private static let countMax = 64
    /// When a ticket that is set aside is looked at again.
    private static let postponement = Duration.seconds(1)

    func run() async throws {
        while !Task.isCancelled {
            do {
                while try await work() == Self.countMax {}
            } catch is ParticipantNotRunning {
                // It waits for what it stands on; so does the kitchen.
            } catch {
                if Task.isCancelled { return }
                log.warning("the kitchen stands still and tries again", .failure(error))
            }
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }

    /// Makes the moves that are due: a statement for all of them where one a ticket would do.
    ///
    /// - Returns: how many there were.
    private func work() async throws -> Int {
        try await participant.withTransaction { transaction in
            let due = try await TicketStore.takeDueMoves(countMax: Self.countMax, in: transaction)
            var made = Made()
            for due in due {
                if let ticket = try make(due, &made) { try tell(due.move, due.order, ticket, in: transaction) }
            }
            try TicketStore.update(made.tickets, in: transaction)
            try TicketStore.resetTimers(made.timers, in: transaction)
            try TicketStore.removeTimers(ofOrders: made.done, in: transaction)
            return due.count
        }
    }

    /// What the moves of one transaction come to.
    private struct Made {
        var tickets: [(order: String, ticket: Ticket)] = []
        var timers: [(order: String, move: Ticket.Move, delay: Duration)] = []
        /// Orders that need no timer any more.
        var done: [String] = []
    }

    /// - Returns: the ticket's id if it moved.
    private func make(_ due: TicketStore.DueMove, _ made: inout Made) throws(Ticket.NotAllowed) -> String? {
        var ticket = due.ticket
        if ticket.remembered != nil {
            // A saga has set it aside; what becomes of it shows later.
            made.timers.append((due.order, due.move, Self.postponement))
            return nil
        }
        guard ticket.state == due.move.from else {
            made.done.append(due.order)
            return nil
        }
        try ticket.make(due.move)
        made.tickets.append((due.order, ticket))
        if let next = due.move.next {
            made.timers.append((due.order, next, pace.delay(before: next)))
        } else {
            made.done.append(due.order)
        }
        return due.id
    }

    private func tell(_ move: Ticket.Move, _ order: String, _ ticket: String, in transaction: OwnTransaction) throws {
        switch move {
        case .accept:
            let wait = pace.untilReady(after: .accept) / .milliseconds(1)
            try transaction.publish(
                KitchenMessages.Accepted(orderId: order, ticketId: ticket, readyBy: now() + Int64(wait)))
        case .prepare:
            try transaction.publish(KitchenMessages.PreparationStarted(orderId: order, ticketId: ticket))
        case .finish: try transaction.publish(KitchenMessages.ReadyForPickup(orderId: order, ticketId: ticket))
        case .handOver: try transaction.publish(KitchenMessages.PickedUp(orderId: order, ticketId: ticket))
        }
    }
}
