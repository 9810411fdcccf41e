/// What a restaurant is to cook for one order: where it stands, and what may be asked of it there.
///
/// Pure: no clock, no database. Every command and every move either changes its state or is refused and changes nothing.
struct Ticket: Sendable, Hashable {
    enum State: String, Sendable, Hashable, CaseIterable {
        case none
        case createPending = "CREATE_PENDING"
        case awaitingAcceptance = "AWAITING_ACCEPTANCE"
        case accepted = "ACCEPTED"
        case preparing = "PREPARING"
        case readyForPickup = "READY_FOR_PICKUP"
        case pickedUp = "PICKED_UP"
        case cancelPending = "CANCEL_PENDING"
        case revisionPending = "REVISION_PENDING"
        case cancelled = "CANCELLED"
    }

    /// What a saga asks of a ticket.
    enum Command: String, Sendable, Hashable, CaseIterable {
        case create = "CreateTicket"
        case cancel = "CancelTicket"
        case confirm = "ConfirmTicket"
        case beginCancel = "BeginCancelTicket"
        case undoBeginCancel = "UndoBeginCancelTicket"
        case confirmCancel = "ConfirmCancelTicket"
        case beginRevise = "BeginReviseTicket"
        case undoBeginRevise = "UndoBeginReviseTicket"
        case confirmRevise = "ConfirmReviseTicket"
    }

    /// What the kitchen does by itself, in this order.
    enum Move: String, Sendable, Hashable, CaseIterable {
        case accept
        case prepare
        case finish
        case handOver = "hand-over"

        var from: State {
            switch self {
            case .accept: .awaitingAcceptance
            case .prepare: .accepted
            case .finish: .preparing
            case .handOver: .readyForPickup
            }
        }

        var to: State {
            switch self {
            case .accept: .accepted
            case .prepare: .preparing
            case .finish: .readyForPickup
            case .handOver: .pickedUp
            }
        }

        /// What comes after it; nil when the ticket is done.
        var next: Move? { Move.allCases.first { $0.from == to } }
    }

    private(set) var state: State
    /// The state that a pending one goes back to.
    private(set) var remembered: State?

    init(state: State = .none, remembered: State? = nil) {
        self.state = state
        self.remembered = remembered
    }

    /// Does what is asked, or says that the state does not allow it.
    mutating func take(_ command: Command) throws(NotAllowed) {
        switch (command, state) {
        case (.create, .none): state = .createPending
        case (.cancel, .createPending): state = .cancelled
        case (.confirm, .createPending): state = .awaitingAcceptance
        case (.beginCancel, .awaitingAcceptance), (.beginCancel, .accepted): setAside(.cancelPending)
        case (.undoBeginCancel, .cancelPending): try goBack(command)
        case (.confirmCancel, .cancelPending):
            state = .cancelled
            remembered = nil
        case (.beginRevise, .awaitingAcceptance), (.beginRevise, .accepted): setAside(.revisionPending)
        case (.undoBeginRevise, .revisionPending), (.confirmRevise, .revisionPending): try goBack(command)
        case (.create, _), (.cancel, _), (.confirm, _), (.beginCancel, _), (.undoBeginCancel, _), (.confirmCancel, _),
            (.beginRevise, _), (.undoBeginRevise, _), (.confirmRevise, _):
            throw NotAllowed(what: command.rawValue, state: state)
        }
    }

    /// Does what the kitchen does by itself.
    mutating func make(_ move: Move) throws(NotAllowed) {
        guard state == move.from else { throw NotAllowed(what: move.rawValue, state: state) }
        state = move.to
    }

    private mutating func setAside(_ pending: State) {
        remembered = state
        state = pending
    }

    private mutating func goBack(_ command: Command) throws(NotAllowed) {
        guard let remembered else { throw NotAllowed(what: command.rawValue, state: state) }
        state = remembered
        self.remembered = nil
    }

    /// The ticket is not in a state that allows the command or the move.
    struct NotAllowed: Error, Hashable, CustomStringConvertible {
        let what: String
        let state: State

        var description: String { "\(what) is not allowed while the ticket is \(state.rawValue)" }
    }
}
