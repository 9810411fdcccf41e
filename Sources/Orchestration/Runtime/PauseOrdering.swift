import Messaging
import Participant
import Postgres

/// Stops and starts the clocks of sagas that speak to a service, and tells the service itself.
struct PauseOrdering: Sendable {
    /// All that are declared; others have no queue in which they could be told.
    let services: Set<String>
    let factory: MessageFactory

    /// Does what the order says, as far as it is the orchestrator's to do.
    ///
    /// - Returns: what the service is to be told.
    func take(
        _ order: OrderPause, _ id: UUIDv7, in transaction: Transaction
    ) async throws -> [OutgoingMessage] {
        let control = SetPause(
            action: id, scope: order.scope, isPaused: order.isPaused, who: order.who, reason: order.reason)
        if order.participant == TopologyNames.orchestrator {
            try await PauseStore.take(control, of: order.participant, in: transaction)
            return []
        }
        let isKnown = services.contains(order.participant)
        // What was paused before it was taken out of the files may go on all the same.
        guard isKnown || !order.isPaused else {
            let names = services.sorted().joined(separator: ", ")
            try await write(
                order, id, .refused(why: "no such service is declared; there are \(names)"), in: transaction)
            return []
        }
        // Of single types sagas are told nothing: their clocks go on.
        if order.scope == PauseStore.everything {
            try await SagaPauseStore.set(order, in: transaction)
        }
        try await write(order, id, .done(), in: transaction)
        return isKnown ? [try message(control, to: order.participant)] : []
    }

    private func write(
        _ order: OrderPause, _ id: UUIDv7, _ outcome: OperatorOutcome, in transaction: Transaction
    ) async throws(PostgresError) {
        try await RecordOperatorAction(
            action: id, name: "participant \(order.isPaused ? "pause" : "resume")",
            target: order.scope == PauseStore.everything ? order.participant : order.scope, who: order.who,
            reason: order.reason, result: outcome.text
        ).write(in: transaction)
    }

    private func message(_ control: SetPause, to service: String) throws(JSONError) -> OutgoingMessage {
        try factory.command(
            SetPause.type(for: service), control, routingKey: TopologyNames.controlQueue(of: service))
    }
}
