import Messaging
import Participant
import Postgres
import SagaModel

/// Takes what operators order, and the record of what they did with the tool.
///
/// The model decides whether a saga allows an order. What came of it is written down in the transaction that did it, and a
/// refused order stands in the saga's history as any input that changes nothing.
struct OperatorHandler: RunHandler {
    let sagas: SagaTransaction
    let pauses: PauseOrdering

    func knows(_ type: MessageType) -> Bool { Order.types.contains(type) }

    func prepare(_ envelope: Envelope, _ body: [UInt8]) throws -> PreparedItem {
        let order = try Order(envelope.type, body)
        return PreparedItem(key: order.key, direction: nil, payload: order)
    }

    /// The sagas are locked and read on the way.
    func opening(_ items: [PreparedItem]) -> [SQL] {
        [InstanceStore.lock(Array(Set(items.compactMap { ($0.payload as? Order)?.saga })))]
    }

    func handle(
        _ members: [Int: RunMember], groups: [[Int]], opening: RunOpening, in transaction: Transaction
    ) async throws(RunHandlingError) -> HandledRun {
        guard case .read(let opened) = opening else { preconditionFailure("orders assume nothing") }
        do {
            return HandledRun(try await take(members.sorted { $0.key < $1.key }, locked: opened[0], in: transaction))
        } catch {
            throw .unclear(error)
        }
    }

    private func take(
        _ members: [(key: Int, value: RunMember)], locked: Rows, in transaction: Transaction
    ) async throws -> [Int: Handled] {
        let there = Set(try locked.map { try InstanceStore.found($0).id })
        var inputs: [SagaInput] = []
        var handled: [Int: Handled] = [:]
        for (place, member) in members {
            handled[place] = Handled()
            switch Order(of: member) {
            case .record(let action): try await action.write(in: transaction)
            case .pause(let order):
                handled[place]?.others = try await pauses.take(order, member.envelope.id, in: transaction)
            case .saga(let id, let order) where there.contains(id):
                inputs.append(
                    SagaInput(.existing(id), .ordered(order), cause: member.envelope.id, place: place))
            case .saga(let id, let order):
                let outcome = OperatorOutcome.refused(why: "there is no saga \(id)")
                try await order.record(of: member.envelope.id, to: id, outcome).write(in: transaction)
            }
        }
        let result = try await sagas.take(inputs, knowing: .rows(locked), in: transaction)
        if let failure = result.failures.first?.value { throw failure }
        for (input, actions) in result.decided {
            guard case .existing(let id) = input.saga, case .ordered(let order) = input.happening,
                let cause = input.cause
            else { continue }
            try await order.record(of: cause, to: id, OperatorOutcome(actions)).write(in: transaction)
        }
        for (place, messages) in result.messages { handled[place]?.others = messages }
        return handled
    }

    /// What a message asks for.
    private enum Order: Sendable {
        case record(RecordOperatorAction)
        case saga(Identifier, OperatorOrder)
        case pause(OrderPause)

        static let types: Set<MessageType> = [
            RecordOperatorAction.messageType, OrderSaga.messageType, OrderPause.messageType,
        ]

        /// - Throws: if the body says nothing that can be asked for.
        init(_ type: MessageType, _ body: [UInt8]) throws {
            switch type {
            case RecordOperatorAction.messageType:
                self = .record(try JSON.decode(RecordOperatorAction.self, from: body))
            case OrderSaga.messageType:
                let order = try JSON.decode(OrderSaga.self, from: body)
                guard let saga = Identifier(order.saga) else {
                    throw UnreadableMessage(problem: "\(order.saga) is no saga's id")
                }
                self = .saga(saga, try OperatorOrder(order))
            case OrderPause.messageType:
                let order = try JSON.decode(OrderPause.self, from: body)
                guard !order.who.isEmpty, !order.reason.isEmpty else { throw UnreadableMessage.anonymous }
                self = .pause(order)
            default: preconditionFailure("\(type) was admitted, not known")
            }
        }

        init(of member: RunMember) {
            guard let order = member.payload as? Order else {
                preconditionFailure("a member was prepared by another handler")
            }
            self = order
        }

        /// What is kept in order of arrival.
        var key: String {
            switch self {
            case .record(let action): action.action.description
            case .saga(let id, _): id.description
            case .pause(let order): order.participant
            }
        }

        var saga: Identifier? {
            switch self {
            case .record, .pause: nil
            case .saga(let id, _): id
            }
        }
    }
}

extension UnreadableMessage {
    fileprivate static let anonymous = UnreadableMessage(problem: "an order needs a name and a reason")
}

extension OperatorOrder {
    /// - Throws: if it names no order that can be given, or lacks a name or a reason.
    fileprivate init(_ order: OrderSaga) throws(UnreadableMessage) {
        guard let action = Action(rawValue: order.action) else {
            let known = Action.allCases.map(\.rawValue).joined(separator: ", ")
            throw UnreadableMessage(problem: "`\(order.action)` is none of the orders \(known)")
        }
        guard !order.who.isEmpty, !order.reason.isEmpty else {
            throw UnreadableMessage.anonymous
        }
        self.init(action, step: order.step, reason: order.reason, who: order.who)
    }

    fileprivate func record(of id: UUIDv7, to saga: Identifier, _ outcome: OperatorOutcome) -> RecordOperatorAction {
        RecordOperatorAction(
            action: id, name: "saga \(action.rawValue)", target: saga.description, who: who, reason: reason,
            result: outcome.text)
    }
}
