/// How long a step waits for its reply and how often it asks.
///
/// Silence for ``timeout`` re-sends the same request; a received failure that is to be repeated makes a new try after
/// the back-off. Both count as attempts. When they are spent, a step that may fail is in doubt and undone, and one that
/// may not (a retriable step, an undo) leaves the saga stuck.
package struct RetryPolicy: Sendable, Hashable {
    package enum Backoff: String, Sendable, Hashable, CaseIterable {
        case constant
        case exponential
    }

    /// How long one request is waited for; nil waits for ever, which only a step without effect may do.
    package var timeout: Duration?
    /// How often a request is sent at most, the first time included; nil means without end.
    package var attempts: Int?
    package var backoff: Backoff
    /// The first pause before a new try.
    package var initial: Duration
    /// The longest pause before a new try, and the longest wait for a reply that back-off grows to.
    package var max: Duration
    /// The share of a pause, in hundredths, that is spread by (saga, step, direction, try).
    package var jitterPercent: Int

    package init(
        timeout: Duration?, attempts: Int? = 3, backoff: Backoff = .exponential, initial: Duration = .seconds(1),
        max: Duration = .seconds(30), jitterPercent: Int = 20
    ) {
        self.timeout = timeout
        self.attempts = attempts
        self.backoff = backoff
        self.initial = initial
        self.max = max
        self.jitterPercent = jitterPercent
    }

    /// What a step gets that says nothing.
    package static let step = RetryPolicy(timeout: .seconds(10))

    /// What an undo or a retriable step gets that says nothing: it asks for about a day before it is stuck.
    package static let compensation = RetryPolicy(timeout: .seconds(10), attempts: 300, max: .seconds(300))
}
