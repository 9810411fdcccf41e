import Contracts

/// A consumer's claim to one of the orders of a day, held by one order.
///
/// Pure: no clock, no database.
struct Slot: Sendable, Hashable {
    enum State: String, Sendable, Hashable, CaseIterable {
        case none
        case taken = "TAKEN"
        case free = "FREE"
    }

    enum Command: String, Sendable, Hashable, CaseIterable {
        case verify = "VerifyConsumer"
        case release = "ReleaseSlot"
    }

    private(set) var state: State

    init(state: State = .none) { self.state = state }

    mutating func take(_ command: Command) throws(NotAllowed) {
        switch (command, state) {
        case (.verify, .none): state = .taken
        case (.release, .taken): state = .free
        case (.verify, _), (.release, _): throw NotAllowed(command: command, state: state)
        }
    }

    /// The slot is not in a state that allows the command.
    struct NotAllowed: Error, Hashable, CustomStringConvertible {
        let command: Command
        let state: State

        var description: String { "\(command.rawValue) is not allowed while the slot is \(state.rawValue)" }
    }
}

/// Who may order how much.
struct ConsumerRules: Sendable {
    /// Orders of a regular consumer on one day (UTC).
    var dailyCountMax: Int64 = 5
    /// Of one item in one order, whoever orders it.
    var itemCountMax: Int64 = 10

    /// The item of which an order wants more than anybody may have; nil if there is none.
    func itemOfTooMany(in lines: [OrderMessages.LineItem]) -> String? {
        lines.first { $0.quantity > itemCountMax }?.menuItemId
    }
}
