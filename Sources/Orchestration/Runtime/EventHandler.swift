import Messaging
import Participant
import Postgres
import SagaModel

/// Takes domain events: they start sagas, and steps wait for them.
struct EventHandler: RunHandler {
    let sagas: SagaTransaction

    func knows(_ type: MessageType) -> Bool { sagas.shelf.events.contains(type.text) }

    /// - Throws: ``UnreadableMessage`` if any saga that starts on it finds no key in it. It is a dead letter then also for the
    ///   sagas that could take it, and a redrive brings it to all.
    func prepare(_ envelope: Envelope, _ body: [UInt8]) throws -> PreparedItem {
        let payload = try Payload.record(body)
        let starts = try sagas.shelf.definitions(startingOn: envelope.type.text).map { definition in
            let field = definition.compiled.startKey
            guard let key = payload[field] else {
                throw UnreadableMessage(
                    problem: "\(definition.name) starts on it by the field \(field), which it lacks")
            }
            return SagaStart(
                definition: definition, key: CanonicalJSON.text(of: key),
                id: .saga(definition: definition.name, key: key, milliseconds: envelope.id.milliseconds))
        }
        // Events of one key are taken in order; those that start nothing have no key of their own.
        let key = starts.first.map { "\(envelope.type.text) \($0.key)" } ?? envelope.id.description
        return PreparedItem(key: key, direction: nil, payload: Prepared(payload: payload, starts: starts))
    }

    func handle(
        _ members: [Int: RunMember], groups: [[Int]], opening: RunOpening, in transaction: Transaction
    ) async throws(RunHandlingError) -> HandledRun {
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
        let known: SagaTransaction.Knowledge =
            switch opening {
            case .read: .nothing
            case .assumed: .keysAreFree
            }
        return try await sagas.handle(inputs, of: members, knowing: known, in: transaction)
    }

    /// That no saga has begun before by any of the keys.
    func assume(_ items: [PreparedItem]) -> (any Sendable)? { KeysAreFree() }

    private struct KeysAreFree: Sendable {}

    /// The inputs of sagas that wait for the event. It is kept for those that will: also for one that begins in this very run.
    private func awaited(
        _ envelope: Envelope, _ payload: Record, _ place: Int, in transaction: Transaction
    ) async throws(PostgresError) -> [SagaInput] {
        let type = envelope.type.text
        let waits = sagas.shelf.fields(ofAwaited: type).compactMap { field in
            payload[field].map { SagaWait(event: type, field: field, value: CanonicalJSON.text(of: $0)) }
        }
        if waits.isEmpty { return [] }
        let found = try await transaction.query([
            EarlyEventStore.lock(waits), InstanceStore.waiting(for: type, payload: payload),
        ])
        try EarlyEventStore.enqueue(waits, envelope.id, payload, in: transaction)
        var inputs: [SagaInput] = []
        for row in found[1] {
            let saga = Identifier(try row.decode(PostgresUUID.self, at: 0))
            inputs.append(
                SagaInput(
                    .existing(saga), .occurred(Event(type: type, payload: payload)), cause: envelope.id, place: place))
        }
        return inputs
    }

    private struct Prepared: Sendable {
        let payload: Record
        let starts: [SagaStart]
    }
}
