public import Messaging
import Postgres

/// What a participant does with each type of message.
///
/// ```swift
/// var handlers = Handlers()
/// handlers.on(CreateTicket.self, key: \.orderId) { command, transaction in
///     try await tickets.create(command, in: transaction)
/// }
/// handlers.onUndo(
///     CancelTicket.self, of: CreateTicket.self, success: TicketCancelled.messageType, key: \.orderId
/// ) { command, transaction in try await tickets.cancel(command, in: transaction) }
/// ```
public struct Handlers: Sendable {
    /// How commands of a type stand to a fence.
    enum Pairing: Sendable, Hashable {
        case none
        /// It has an undo.
        case forward
        /// It is the undo of something; `success` answers when there is nothing to undo.
        case backward(success: MessageType)
    }

    struct Entry: Sendable {
        var pairing = Pairing.none
        let prepare: @Sendable ([UInt8]) throws(JSONError) -> PreparedMessage
    }

    private(set) var commands: [MessageType: Entry] = [:]
    private(set) var events: [MessageType: Entry] = [:]
    private var undone: Set<MessageType> = []

    public init() {}

    /// The events that are handled, in the order of their names.
    public var subscriptions: [MessageType] { events.keys.sorted { $0.text < $1.text } }

    /// Handles commands of one type.
    ///
    /// - Parameters:
    ///   - key: names the aggregate a command is about; commands of one key run one after the other.
    ///   - handler: answers the command. What it throws is tried again, after a while and for a limited number of times.
    public mutating func on<Command: MessagePayload>(
        _ type: Command.Type, key: @escaping @Sendable (Command) -> String,
        _ handler: @escaping @Sendable (Command, HandlerTransaction) async throws -> Reply
    ) {
        addCommand(Command.messageType, pairing: .none, key: key, handler)
    }

    /// Handles commands of one type that begin with rows, read for all commands of a batch at once.
    ///
    /// A command behind another of its key is read for when its turn comes, so that it sees what that one has written.
    ///
    /// - Parameters:
    ///   - key: names the aggregate a command is about; commands of one key run one after the other.
    ///   - reading: what is read.
    ///   - handler: answers the command with what was found. What it throws is tried again, after a while and for a limited
    ///     number of times.
    public mutating func on<Command: MessagePayload, Found: Sendable>(
        _ type: Command.Type, key: @escaping @Sendable (Command) -> String, reading: Reading<Command, Found>,
        _ handler: @escaping @Sendable (Command, Found, HandlerTransaction) async throws -> Reply
    ) {
        let opening = OpeningStatement(Command.messageType.text, reading)
        add(Command.messageType, pairing: .none) { bytes throws(JSONError) in
            let command = try JSON.decode(Command.self, from: bytes)
            let preparation = PreparedMessage.Opening(statement: opening, command: command)
            return PreparedMessage(key: key(command), opening: preparation) { transaction, rows in
                let found: Found
                if let rows {
                    found = try reading.found(rows)
                } else {
                    found = try await reading.read(for: command, in: transaction)
                }
                return try await handler(command, found, transaction)
            }
        }
    }

    /// Handles commands that undo those of another type.
    ///
    /// An undo that comes before its command, or after it was undone, is answered without the handler, and keeps the command
    /// out for ever.
    ///
    /// - Parameter success: the type of the reply where there is nothing to undo; its body is empty.
    public mutating func onUndo<Command: MessagePayload, Done: MessagePayload>(
        _ type: Command.Type, of done: Done.Type, success: MessageType, key: @escaping @Sendable (Command) -> String,
        _ handler: @escaping @Sendable (Command, HandlerTransaction) async throws -> Reply
    ) {
        undone.insert(Done.messageType)
        commands[Done.messageType]?.pairing = .forward
        addCommand(Command.messageType, pairing: .backward(success: success), key: key, handler)
    }

    /// Handles domain events of one type.
    public mutating func onEvent<Event: MessagePayload>(
        _ type: Event.Type, key: @escaping @Sendable (Event) -> String,
        _ handler: @escaping @Sendable (Event, HandlerTransaction) async throws -> Void
    ) {
        precondition(events[Event.messageType] == nil, "\(Event.messageType) is handled twice")
        events[Event.messageType] = Entry { bytes throws(JSONError) in
            let event = try JSON.decode(Event.self, from: bytes)
            return PreparedMessage(key: key(event)) { transaction, _ in
                try await handler(event, transaction)
                return nil
            }
        }
    }

    /// Handles commands of a type that is known only when the program runs.
    mutating func addCommand<Command: MessagePayload>(
        _ type: MessageType, pairing: Pairing, key: @escaping @Sendable (Command) -> String,
        _ handler: @escaping @Sendable (Command, HandlerTransaction) async throws -> Reply
    ) {
        add(type, pairing: pairing) { bytes throws(JSONError) in
            let command = try JSON.decode(Command.self, from: bytes)
            return PreparedMessage(key: key(command)) { transaction, _ in try await handler(command, transaction) }
        }
    }

    private mutating func add(
        _ type: MessageType, pairing: Pairing,
        _ prepare: @escaping @Sendable ([UInt8]) throws(JSONError) -> PreparedMessage
    ) {
        precondition(commands[type] == nil, "\(type) is handled twice")
        commands[type] = Entry(pairing: undone.contains(type) ? .forward : pairing, prepare: prepare)
    }
}

extension Handlers {
    /// With a key path for the key.
    public mutating func on<Command: MessagePayload>(
        _ type: Command.Type, key: any KeyPath<Command, String> & Sendable,
        _ handler: @escaping @Sendable (Command, HandlerTransaction) async throws -> Reply
    ) {
        on(type, key: { $0[keyPath: key] }, handler)
    }

    /// With a key path for the key.
    public mutating func on<Command: MessagePayload, Found: Sendable>(
        _ type: Command.Type, key: any KeyPath<Command, String> & Sendable, reading: Reading<Command, Found>,
        _ handler: @escaping @Sendable (Command, Found, HandlerTransaction) async throws -> Reply
    ) {
        on(type, key: { $0[keyPath: key] }, reading: reading, handler)
    }

    /// With a key path for the key.
    public mutating func onUndo<Command: MessagePayload, Done: MessagePayload>(
        _ type: Command.Type, of done: Done.Type, success: MessageType, key: any KeyPath<Command, String> & Sendable,
        _ handler: @escaping @Sendable (Command, HandlerTransaction) async throws -> Reply
    ) {
        onUndo(type, of: done, success: success, key: { $0[keyPath: key] }, handler)
    }

    /// With a key path for the key.
    public mutating func onEvent<Event: MessagePayload>(
        _ type: Event.Type, key: any KeyPath<Event, String> & Sendable,
        _ handler: @escaping @Sendable (Event, HandlerTransaction) async throws -> Void
    ) {
        onEvent(type, key: { $0[keyPath: key] }, handler)
    }
}

/// A message whose body has been read: what it is about, and what remains to be done with it.
struct PreparedMessage: Sendable {
    /// What is read before its handler begins.
    struct Opening: Sendable {
        let statement: OpeningStatement
        let command: any Sendable
    }

    let key: String
    var opening: Opening?
    /// With the rows that the opening statement gave for it; nil where it did not ask for it.
    let handle: @Sendable (HandlerTransaction, [Row]?) async throws -> Reply?
}
