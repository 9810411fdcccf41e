/// A dotted path to a value, such as `data.orderId` or `reply.ticketId`.
package struct Path: Sendable, Hashable, CustomStringConvertible {
    package enum Root: String, Sendable, Hashable, CaseIterable {
        /// The saga's own record.
        case data
        /// The payload of the reply at hand; only where a reply is handled.
        case reply
        /// The payload of the event at hand; only where an event is handled.
        case event
        /// The state of an aggregate, as in `state.kitchen.ticket`; only in an outcome's `require`.
        case state
        /// The instance itself: `saga.id` and `saga.key`.
        case saga
    }

    package var root: Root
    /// The fields below the root, outermost first.
    package var fields: [String]

    package init(_ root: Root, _ fields: String...) {
        self.root = root
        self.fields = fields
    }

    package init(_ root: Root, fields: [String]) {
        self.root = root
        self.fields = fields
    }

    package var description: String {
        ([root.rawValue] + fields).joined(separator: ".")
    }
}

/// A value to be: a path, a literal, or a record or list of such.
package indirect enum Expression: Sendable, Hashable {
    case path(Path)
    case literal(Value)
    case record([Assignment])
    case list([Expression])
}

/// A field and what it becomes.
package struct Assignment: Sendable, Hashable {
    package var field: String
    package var value: Expression

    package init(_ field: String, _ value: Expression) {
        self.field = field
        self.value = value
    }

    /// Fills `field` from the path.
    package init(_ field: String, _ path: Path) {
        self.init(field, .path(path))
    }
}
