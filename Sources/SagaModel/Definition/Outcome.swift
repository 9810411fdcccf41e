/// A good end of a saga and what must be true there.
package struct Outcome: Sendable, Hashable {
    /// The way of ending that leads here.
    package enum End: String, Sendable, Hashable, CaseIterable {
        /// Every step is done or was passed over.
        case completed
        /// Every effect is undone.
        case compensated
    }

    /// What people call it, such as `approved`.
    package var name: String
    package var end: End
    /// Chooses among outcomes of the same end by the data; the first that holds wins, and nil always holds.
    package var when: Condition?
    /// What must be true of the aggregates' states.
    package var require: Condition?

    package init(name: String, end: End, when: Condition? = nil, require: Condition?) {
        self.name = name
        self.end = end
        self.when = when
        self.require = require
    }
}
