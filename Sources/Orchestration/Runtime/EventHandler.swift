import Messaging
import Participant
import Postgres
import SagaModel

/// Takes domain events: they start sagas, and steps wait for them.
struct EventHandler: RunHandler {
    let sagas: SagaTransaction

    func knows(_ type: MessageType) -> Bool { sagas.shelf.events.contains(type.text) }

    func prepare(_ envelope: Envelope, _ body: [UInt8]) throws -> PreparedItem {
        let payload = try Payload.record(body)
        let starts = sagas.shelf.definitions(startingOn: envelope.type.text).compactMap { definition in
            payload[definition.compiled.startKey].map { key in
                SagaStart(
                    definition: definition, key: CanonicalJSON.text(of: key),
                    id: .saga(definition: definition.name, key: key, milliseconds: envelope.id.milliseconds))
            }
        }
        // Events of one key are taken in order; those that start nothing have no key of their own.
        let key = starts.first.map { "\(envelope.type.text) \($0.key)" } ?? envelope.id.description
        return PreparedItem(key: key, direction: nil, payload: Prepared(payload: payload, starts: starts))
    }

    func handle(
        _ members: [Int: RunMember], groups: [[Int]], opened: [Rows], in transaction: Transaction
    ) async throws(RunHandlingError) -> [Int: Handled] {
        var inputs: [SagaInput] = []
        for (place, member) in members.sorted(by: { $0.key < $1.key }) {
            guard let prepared = member.payload as? Prepared else {
                preconditionFailure("a member was prepared by another handler")
            }
            inputs += prepared.starts.map { start in
                SagaInput(
                    .starting(start), .started(StartEvent(saga: start.id, payload: prepared.payload)),
                    cause: member.envelope.id, traceparent: member.envelope.traceparent, place: place)
            }
            do {
                inputs += try await awaited(member.envelope, prepared.payload, place, in: transaction)
            } catch {
                throw .unclear(error)
            }
        }
        return try await sagas.handle(inputs, of: members, in: transaction)
    }

    /// The inputs of sagas that wait for the event, whether they run already or begin by an event before it in this run.
    private func awaited(
        _ envelope: Envelope, _ payload: Record, _ place: Int, in transaction: Transaction
    ) async throws(PostgresError) -> [SagaInput] {
        guard sagas.shelf.awaits(envelope.type.text) else { return [] }
        let rows = try await transaction.query(InstanceStore.waiting(for: envelope.type.text, payload: payload))
        var sagas: [SagaInput.Saga] = [.beginningHere]
        for row in rows { sagas.append(.existing(Identifier(try row.decode(PostgresUUID.self, at: 0)))) }
        let event = Event(type: envelope.type.text, payload: payload)
        return sagas.map { SagaInput($0, .occurred(event), cause: envelope.id, place: place) }
    }

    private struct Prepared: Sendable {
        let payload: Record
        let starts: [SagaStart]
    }
}
