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

    /// Makes the moves that are due.
    ///
    /// - Returns: how many there were.
    private func work() async throws -> Int {
        try await participant.withTransaction { transaction in
            let timers = try await TicketStore.takeDueTimers(countMax: Self.countMax, in: transaction)
            for timer in timers { try await make(timer.move, timer.order, in: transaction) }
            return timers.count
        }
    }

    private func make(_ move: Ticket.Move, _ order: String, in transaction: OwnTransaction) async throws {
        guard var stored = try await TicketStore.find(order, in: transaction) else {
            return try TicketStore.removeTimer(ofOrder: order, in: transaction)
        }
        if stored.ticket.remembered != nil {
            // A saga has set it aside; what becomes of it shows later.
            return try TicketStore.setTimer(move, ofOrder: order, after: Self.postponement, in: transaction)
        }
        guard stored.ticket.state == move.from else {
            return try TicketStore.removeTimer(ofOrder: order, in: transaction)
        }
        try stored.ticket.make(move)
        try TicketStore.update(stored.ticket, ofOrder: order, in: transaction)
        try tell(move, order, stored.id, in: transaction)
        if let next = move.next {
            try TicketStore.setTimer(next, ofOrder: order, after: pace.delay(before: next), in: transaction)
        } else {
            try TicketStore.removeTimer(ofOrder: order, in: transaction)
        }
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
