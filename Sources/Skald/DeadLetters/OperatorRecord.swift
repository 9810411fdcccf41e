import AMQP
import Messaging
import Participant

/// Has an operator's action written down by a service, before it begins and when it has ended.
///
/// The tool may write to no database; what it did stands in that of the service that keeps the record, by way of its
/// inbox once.
struct OperatorRecord: Sendable {
    let publisher: Publisher
    /// The service that keeps the record.
    let service: String
    let user: String
    let ids: UUIDv7Source
    let now: @Sendable () -> Int64

    /// Waits until the broker has it; nothing may be done that is not written down.
    func write(_ action: RecordOperatorAction) async throws {
        let type =
            MessageType("\(service).\(RecordOperatorAction.messageType.name)") ?? RecordOperatorAction.messageType
        let envelope = Envelope(
            id: ids.next(), type: type, source: "/\(user)", timestamp: now() / 1000, appID: user, userID: user)
        do {
            try await publisher.publish(
                envelope.message(body: try JSON.encode(action)).amqp, to: TopologyNames.commands, routingKey: service)
        } catch let error as AMQPError {
            throw Failure(
                .failed, "\(service) cannot write down who does what: \(error)",
                remedy: "Nothing was done. `--record-with SERVICE` names another service that keeps the record.")
        }
    }
}
