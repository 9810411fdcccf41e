/// An order: where it stands, and what may be asked of it there.
///
/// Pure: no clock, no database. Every command either moves it or is refused and changes nothing.
struct Order: Sendable, Hashable {
    enum State: String, Sendable, Hashable, CaseIterable {
        case none
        case approvalPending = "APPROVAL_PENDING"
        case approved = "APPROVED"
        case rejected = "REJECTED"
        case cancelPending = "CANCEL_PENDING"
        case cancelled = "CANCELLED"
        case revisionPending = "REVISION_PENDING"
    }

    /// What is asked of an order.
    enum Command: String, Sendable, Hashable, CaseIterable {
        case place = "PlaceOrder"
        case approve = "ApproveOrder"
        case reject = "RejectOrder"
        case beginCancel = "BeginCancelOrder"
        case undoBeginCancel = "UndoBeginCancelOrder"
        case confirmCancel = "ConfirmCancelOrder"
        case beginRevise = "BeginReviseOrder"
        case undoBeginRevise = "UndoBeginReviseOrder"
        case confirmRevise = "ConfirmReviseOrder"
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
        case (.place, .none): state = .approvalPending
        case (.approve, .approvalPending): state = .approved
        case (.reject, .approvalPending): state = .rejected
        case (.beginCancel, .approved): setAside(.cancelPending)
        case (.undoBeginCancel, .cancelPending): try goBack(command)
        case (.confirmCancel, .cancelPending):
            state = .cancelled
            remembered = nil
        case (.beginRevise, .approved): setAside(.revisionPending)
        case (.undoBeginRevise, .revisionPending), (.confirmRevise, .revisionPending): try goBack(command)
        case (.place, _), (.approve, _), (.reject, _), (.beginCancel, _), (.undoBeginCancel, _), (.confirmCancel, _),
            (.beginRevise, _), (.undoBeginRevise, _), (.confirmRevise, _):
            throw NotAllowed(command: command, state: state)
        }
    }

    private mutating func setAside(_ pending: State) {
        remembered = state
        state = pending
    }

    private mutating func goBack(_ command: Command) throws(NotAllowed) {
        guard let remembered else { throw NotAllowed(command: command, state: state) }
        state = remembered
        self.remembered = nil
    }

    /// The order is not in a state that allows the command.
    struct NotAllowed: Error, Hashable, CustomStringConvertible {
        let command: Command
        let state: State

        var description: String { "\(command.rawValue) is not allowed while the order is \(state.rawValue)" }
    }
}
