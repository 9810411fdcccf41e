import Messaging
import Participant
import SagaModel

/// Turns the commands that a saga sends into messages.
struct CommandMaker: Sendable {
    /// The broker user the orchestrator publishes as.
    let user: String

    func messages(_ actions: [Action], of fold: SagaFold, at milliseconds: Int64, cause: UUIDv7?) -> [OutgoingMessage] {
        actions.compactMap { action in
            guard case .send(let command) = action else { return nil }
            return message(command, of: fold, at: milliseconds, cause: cause)
        }
    }

    private func message(
        _ command: Command, of fold: SagaFold, at milliseconds: Int64, cause: UUIDv7?
    ) -> OutgoingMessage {
        guard let id = UUIDv7(high: command.request.high, low: command.request.low),
            let type = MessageType(command.participant + "." + command.name)
        else { preconditionFailure("a definition that was checked sends \(command.participant).\(command.name)") }
        let direction: StepReference.Direction = command.turn.direction == .do ? .forward : .backward
        let envelope = Envelope(
            id: id, type: type, source: "/" + TopologyNames.orchestrator,
            correlationID: fold.instance.id.description, causationID: cause, replyTo: TopologyNames.orchestrator,
            timestamp: milliseconds / 1000, appID: TopologyNames.orchestrator, userID: user,
            traceparent: fold.traceparent,
            step: StepReference(step: command.turn.step, direction: direction, number: command.turn.attempt))
        return OutgoingMessage(
            exchange: TopologyNames.commands, routingKey: command.participant, envelope: envelope,
            body: CanonicalJSON.bytes(of: .record(command.payload)))
    }
}
