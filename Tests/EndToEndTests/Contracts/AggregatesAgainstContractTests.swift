import SagaModel
import Testing

@testable import AccountingService
@testable import ConsumerService
@testable import KitchenService
@testable import OrderService

/// The aggregates held against `sagas/participants`, state by state and command by command: what the checker takes for true
/// of them is what they do.
@Suite struct AggregatesAgainstContractTests {
    @Test func orders() throws {
        try expect("order", "order", states: Order.State.allCases.map(\.rawValue)) { state, remembered, command in
            guard let state = Order.State(rawValue: state), let command = Order.Command(rawValue: command) else {
                return .unknown
            }
            var order = Order(state: state, remembered: remembered.flatMap(Order.State.init))
            guard (try? order.take(command)) != nil else { return .refused(unchanged: order.state == state) }
            return .state(order.state.rawValue, remembered: order.remembered?.rawValue)
        }
    }

    @Test func tickets() throws {
        try expect("kitchen", "ticket", states: Ticket.State.allCases.map(\.rawValue)) { state, remembered, command in
            guard let state = Ticket.State(rawValue: state), let command = Ticket.Command(rawValue: command) else {
                return .unknown
            }
            var ticket = Ticket(state: state, remembered: remembered.flatMap(Ticket.State.init))
            guard (try? ticket.take(command)) != nil else { return .refused(unchanged: ticket.state == state) }
            return .state(ticket.state.rawValue, remembered: ticket.remembered?.rawValue)
        }
    }

    @Test func slots() throws {
        try expect("consumer", "slot", states: Slot.State.allCases.map(\.rawValue)) { state, _, command in
            guard let state = Slot.State(rawValue: state), let command = Slot.Command(rawValue: command) else {
                return .unknown
            }
            var slot = Slot(state: state)
            guard (try? slot.take(command)) != nil else { return .refused(unchanged: slot.state == state) }
            return .state(slot.state.rawValue, remembered: nil)
        }
    }

    @Test func authorizations() throws {
        let commands: [String: Authorization.Command] = [
            "AuthorizeCard": .authorize(5), "ReverseAuthorization": .reverse, "ReviseAuthorization": .revise(7),
            "UndoReviseAuthorization": .undoRevise,
        ]
        try expect("accounting", "authorization", states: Authorization.State.allCases.map(\.rawValue)) {
            state, _, command in
            guard let state = Authorization.State(rawValue: state), let command = commands[command] else {
                return .unknown
            }
            var authorization = Authorization(state: state, amount: 5)
            guard (try? authorization.take(command)) != nil else {
                return .refused(unchanged: authorization.state == state)
            }
            return .state(authorization.state.rawValue, remembered: nil)
        }
    }

    @Test func theKitchenMovesAsDeclared() throws {
        let aggregate = try #require(try Contract.participant("kitchen").aggregate(named: "ticket"))
        #expect(Set(aggregate.moves.map(\.name)) == Set(Ticket.Move.allCases.map(\.rawValue)))
        for declared in aggregate.moves {
            let move = try #require(Ticket.Move(rawValue: declared.name))
            for state in Ticket.State.allCases {
                var ticket = Ticket(state: state)
                let isMade = (try? ticket.make(move)) != nil
                #expect(isMade == declared.from.contains(state.rawValue), "\(move) from \(state)")
                #expect(ticket.state.rawValue == (isMade ? declared.to : state.rawValue), "\(move) from \(state)")
            }
        }
    }

    // MARK: What is compared

    private enum Answer: Equatable {
        case unknown
        case refused(unchanged: Bool)
        case state(String, remembered: String?)
    }

    private func expect(
        _ participant: String, _ name: String, states: [String],
        _ take: (_ state: String, _ remembered: String?, _ command: String) -> Answer
    ) throws {
        let contract = try Contract.participant(participant)
        let aggregate = try #require(contract.aggregate(named: name))
        #expect(Set(states) == Set(aggregate.states))
        for command in contract.commands where command.aggregate == name {
            for state in aggregate.states {
                // A pending state may have been entered from several; each must be found again.
                let origins = aggregate.pending.contains(state) ? origins(of: state, name, contract) : []
                for remembered in origins.isEmpty ? [nil] : origins.map(Optional.some) {
                    let wanted = wanted(of: command, in: state, remembered, pending: aggregate.pending)
                    #expect(take(state, remembered, command.name) == wanted, "\(command.name) in \(state)")
                }
            }
        }
    }

    private func wanted(
        of command: CommandContract, in state: String, _ remembered: String?, pending: [String]
    ) -> Answer {
        guard let transition = command.transitions.first(where: { $0.from.contains(state) }) else {
            return .refused(unchanged: true)
        }
        switch transition.to {
        case .unchanged: return .state(state, remembered: remembered)
        case .remembered: return .state(remembered ?? "", remembered: nil)
        case .state(let next):
            // Only a state that something goes back from remembers what was left.
            return .state(next, remembered: pending.contains(next) && state != "none" ? state : nil)
        }
    }

    /// The states that a pending state is entered from, where a command leads back to them.
    private func origins(of state: String, _ name: String, _ contract: SagaModel.Participant) -> [String] {
        let mine = contract.commands.filter { $0.aggregate == name }.flatMap(\.transitions)
        guard mine.contains(where: { $0.from.contains(state) && $0.to == .remembered }) else { return [] }
        return mine.filter { $0.to == .state(state) }.flatMap(\.from)
    }
}
