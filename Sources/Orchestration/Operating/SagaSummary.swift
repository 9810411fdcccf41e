package import SagaModel

/// One saga as a list shows it.
package struct SagaSummary: Sendable, Hashable {
    /// Where a saga stands, as people ask for it.
    package enum Standing: String, Sendable, Hashable, CaseIterable {
        /// Goes forward.
        case running
        /// Undoes what was done.
        case compensating
        /// Waits for a person.
        case stuck
        /// Ended well, at the outcome's name.
        case finished
        /// Ended by a person; effects may be left.
        case aborted
    }

    package let id: Identifier
    /// The definition's name and version, and the hash it is pinned to; the version is 0 where none of that hash is registered.
    package let name: String
    package let definitionVersion: Int
    package let definitionHash: String
    /// What makes it unique among those of its definition, such as the order's id.
    package let key: String
    package let standing: Standing
    /// The outcome reached, such as `approved`.
    package let outcome: String?
    /// How many inputs it has taken.
    package let version: Int64
    /// The data that people find it by.
    package let search: Record
    /// The paused participants that it waits for.
    package let pausedFor: [String]
    package let traceparent: String?
    /// Milliseconds since 1970.
    package let startedAt: Int64
    package let changedAt: Int64
    package let endedAt: Int64?
}

/// Which sagas a list shows; everything that is nil or empty lets all through.
package struct SagaFilter: Sendable, Hashable {
    package var name: String?
    package var standings: Set<SagaSummary.Standing> = []
    package var key: String?
    package var outcome: String?
    /// Fields of `search` and the values they must have.
    package var search: [String: String] = [:]
    /// Started at or after, and before, in milliseconds since 1970.
    package var startedFrom: Int64?
    package var startedBefore: Int64?

    package init() {}
}

/// A piece of a list, in the list's order.
package struct SagaPage: Sendable {
    package let sagas: [SagaSummary]
    /// Where the next piece goes on: hand it to the next call; nil at the end.
    package let next: Identifier?
}

/// One entry of a saga's history: an input, what was done about it, and what brought it.
package struct HistoryRecord: Sendable {
    package let number: Int64
    /// Milliseconds since 1970.
    package let at: Int64
    /// The message that brought the input; nil for timers.
    package let messageID: String?
    package let entry: History.Entry
}
