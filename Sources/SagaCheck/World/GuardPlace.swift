import SagaModel

/// A place where a value stands that a guard may come to look at.
enum GuardPlace: Hashable {
    /// Of `data`, outermost field first.
    case data([String])
    /// Of the payload of a message, outermost field first.
    case payload(MessageName, [String])
    /// `saga.key`
    case key
    /// `saga.id`, which no payload is made to equal.
    case id

    /// The place that a path leads to where the message is at hand; nil for the state of an aggregate.
    init?(_ path: Path, in message: MessageName?) {
        switch path.root {
        case .data: self = .data(path.fields)
        case .reply, .event:
            guard let message else { return nil }
            self = .payload(message, path.fields)
        case .saga: self = path.fields == ["key"] ? .key : .id
        case .state: return nil
        }
    }

    /// Whether a value comes in there, once in the life of a saga. Data has only what came in elsewhere.
    var isFilledFromOutside: Bool {
        switch self {
        case .payload, .key, .id: true
        case .data: false
        }
    }

    /// The place of a field below; a key and an id have none.
    func below(_ field: String) -> GuardPlace {
        switch self {
        case .data(let fields): .data(fields + [field])
        case .payload(let message, let fields): .payload(message, fields + [field])
        case .key, .id: self
        }
    }
}

/// A reply to a step, or an event that it waits for.
struct MessageName: Hashable, CustomStringConvertible {
    let step: String
    let name: String

    var description: String { "\(name) of \(step)" }
}
