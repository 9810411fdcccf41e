/// Something that a check found wrong with sagas.
package struct Finding: Sendable, Hashable {
    /// Stable names of findings, for programs.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The saga ends, but what its outcome requires does not hold.
        case promiseBroken = "promise-broken"
        /// The saga rolls back, but an effect stays.
        case effectLeft = "effect-left"
        /// A lock outlives its saga.
        case lockLeft = "lock-left"
        /// The saga can come to where it never ends.
        case neverEnds = "never-ends"
        /// Something is undone although the pivot has succeeded.
        case undoneAfterPivot = "undone-after-pivot"
        /// No story begins the step.
        case stepDead = "step-dead"
        /// The guard is never false: the step is never passed over.
        case guardDead = "guard-dead"
        /// No story brings the reply that a rule is written for.
        case replyDead = "reply-dead"
        /// No story ends that way.
        case outcomeDead = "outcome-dead"
        /// There are more states, or payloads of a message, than the limits allow, so nothing is proven.
        case notExhaustive = "not-exhaustive"
    }

    package var code: Code
    /// The saga spoken of.
    package var saga: String
    /// The step spoken of, if it is one.
    package var step: String?
    /// The outcome spoken of, if it is one.
    package var outcome: String?
    package var message: String
    /// The shortest story that shows it; absent where the finding is that something never happens.
    package var story: Story?
    /// The story as a scenario that fails as long as this is so.
    package var scenario: Scenario?
}
