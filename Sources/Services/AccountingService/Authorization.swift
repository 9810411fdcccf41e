/// What is held of a consumer's card for one order.
///
/// Pure: no clock, no database. Amounts are in minor units.
struct Authorization: Sendable, Hashable {
    enum State: String, Sendable, Hashable, CaseIterable {
        case none
        case authorized = "AUTHORIZED"
        case reversed = "REVERSED"
    }

    enum Command: Sendable, Hashable {
        case authorize(Int64)
        case reverse
        case revise(Int64)
        case undoRevise

        var name: String {
            switch self {
            case .authorize: "AuthorizeCard"
            case .reverse: "ReverseAuthorization"
            case .revise: "ReviseAuthorization"
            case .undoRevise: "UndoReviseAuthorization"
            }
        }
    }

    private(set) var state: State
    /// What is held now.
    private(set) var amount: Int64
    /// What was held before it was revised last.
    private(set) var amountBefore: Int64?

    init(state: State = .none, amount: Int64 = 0, amountBefore: Int64? = nil) {
        self.state = state
        self.amount = amount
        self.amountBefore = amountBefore
    }

    /// Does what is asked.
    ///
    /// - Returns: by how much the amount held has changed.
    mutating func take(_ command: Command) throws(NotAllowed) -> Int64 {
        let before = amount
        switch (command, state) {
        case (.authorize(let total), .none):
            state = .authorized
            amount = total
        case (.reverse, .authorized):
            state = .reversed
            amount = 0
            amountBefore = nil
        case (.revise(let total), .authorized):
            amountBefore = amount
            amount = total
        case (.undoRevise, .authorized):
            amount = amountBefore ?? amount
            amountBefore = nil
        case (.authorize, _), (.reverse, _), (.revise, _), (.undoRevise, _):
            throw NotAllowed(command: command.name, state: state)
        }
        return amount - before
    }

    /// The authorisation is not in a state that allows the command.
    struct NotAllowed: Error, Hashable, CustomStringConvertible {
        let command: String
        let state: State

        var description: String { "\(command) is not allowed while the authorisation is \(state.rawValue)" }
    }
}
