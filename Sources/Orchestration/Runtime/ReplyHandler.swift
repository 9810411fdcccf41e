import Messaging
import Participant
import Postgres
import SagaModel
import Telemetry

/// Takes the replies of participants: those of one saga are folded into one update.
struct ReplyHandler: RunHandler {
    let sagas: SagaTransaction

    /// A reply's key is its saga, whose row is locked.
    let locksKeys = false

    /// What a reply is called is judged by the saga that waits for it.
    func knows(_ type: MessageType) -> Bool { true }

    func prepare(_ envelope: Envelope, _ body: [UInt8]) throws -> PreparedItem {
        guard let correlation = envelope.correlationID, let saga = Identifier(correlation),
            let causation = envelope.causationID, let step = envelope.step
        else { throw UnreadableMessage(problem: "it does not say which request of which saga it answers") }
        let turn = Turn(
            step: step.step, direction: step.direction == .forward ? .do : .undo, attempt: step.number)
        let reply = SagaModel.Reply(
            causation: Identifier(high: causation.high, low: causation.low), sender: envelope.type.owner,
            name: envelope.type.name, turn: turn, payload: try Payload.record(body))
        return PreparedItem(key: correlation, direction: nil, payload: Prepared(saga: saga, reply: reply))
    }

    /// The sagas are locked and read on the way, as far as they are not remembered.
    func opening(_ items: [PreparedItem]) -> [SQL] {
        let ids = sagas(of: items)
        return [InstanceStore.lock(ids, known: sagas.memory.withLock { $0.stamps(of: ids) })]
    }

    /// The sagas, if all of them are remembered.
    func assume(_ items: [PreparedItem]) -> (any Sendable)? {
        let ids = sagas(of: items)
        return sagas.memory.withLock { $0.takeAll(ids) }
    }

    private func sagas(of items: [PreparedItem]) -> [Identifier] {
        Array(Set(items.compactMap { ($0.payload as? Prepared)?.saga }))
    }

    func handle(
        _ members: [Int: RunMember], groups: [[Int]], opening: RunOpening, in transaction: Transaction
    ) async throws(RunHandlingError) -> HandledRun {
        let known: SagaTransaction.Knowledge
        switch opening {
        case .read(let rows): known = .rows(rows[0])
        case .assumed(let sagas):
            guard let sagas = sagas as? [RememberedInstance] else {
                preconditionFailure("what was assumed is another handler's")
            }
            known = .remembered(sagas)
        }
        let inputs = members.sorted { $0.key < $1.key }.map { place, member -> SagaInput in
            guard let prepared = member.payload as? Prepared else {
                preconditionFailure("a member was prepared by another handler")
            }
            return SagaInput(
                .existing(prepared.saga), .replied(prepared.reply), cause: member.envelope.id, place: place)
        }
        return try await sagas.handle(inputs, of: members, knowing: known, in: transaction)
    }

    private struct Prepared: Sendable {
        let saga: Identifier
        let reply: SagaModel.Reply
    }
}

extension SagaTransaction {
    /// Takes what messages brought, and answers as a run of messages has to.
    func handle(
        _ inputs: [SagaInput], of members: [Int: RunMember], knowing known: Knowledge, in transaction: Transaction
    ) async throws(RunHandlingError) -> HandledRun {
        let result: Result
        do {
            result = try await take(inputs, knowing: known, in: transaction)
        } catch {
            throw .unclear(error)
        }
        if !result.failures.isEmpty { throw .members(result.failures) }
        var handled = HandledRun(members.mapValues { _ in Handled() })
        for (place, messages) in result.messages { handled.members[place]?.others = messages }
        handled.committed = { remember(result.written) }
        return handled
    }
}

/// The body of a message as the model takes it.
enum Payload {
    /// - Throws: ``UnreadableMessage`` if it is no JSON object, or holds a number that is no integer.
    static func record(_ body: [UInt8]) throws(UnreadableMessage) -> Record {
        let value: Value
        do throws(CanonicalJSONError) {
            value = try CanonicalJSON.value(of: body)
        } catch {
            throw UnreadableMessage(problem: error.description)
        }
        guard case .record(let record) = value else { throw UnreadableMessage(problem: "its body is no JSON object") }
        return record
    }
}

/// A message that no saga can make sense of.
struct UnreadableMessage: Error, CustomStringConvertible {
    let problem: String

    var description: String { "the message cannot be taken: \(problem)" }
}
