import Messaging
import SagaModel

/// Something that happened to one saga, on its way into a transaction.
struct SagaInput: Sendable {
    enum Saga: Sendable, Hashable {
        /// One that runs, or ran.
        case existing(Identifier)
        /// One that the input starts, unless its key has one already.
        case starting(SagaStart)
    }

    var saga: Saga
    var happening: Input.Happening
    /// The message that brought it.
    var cause: UUIDv7?
    var traceparent: String?
    /// The place of that message in its run; several inputs may come of one message.
    var place: Int

    init(
        _ saga: Saga, _ happening: Input.Happening, cause: UUIDv7? = nil, traceparent: String? = nil, place: Int = 0
    ) {
        self.saga = saga
        self.happening = happening
        self.cause = cause
        self.traceparent = traceparent
        self.place = place
    }
}

/// A saga that is about to start.
struct SagaStart: Sendable, Hashable {
    var definition: RegisteredDefinition
    /// The canonical text of the value that makes it unique.
    var key: String
    var id: Identifier

    static func == (left: SagaStart, right: SagaStart) -> Bool {
        left.definition.name == right.definition.name && left.key == right.key
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(definition.name)
        hasher.combine(key)
    }
}
