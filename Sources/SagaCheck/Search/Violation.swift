/// A promise that a state of the world breaks.
package enum Violation: Sendable, Hashable {
    /// The saga has ended well, but what its outcome requires does not hold.
    case requirementBroken(saga: Int, outcome: Int)
    /// The saga has rolled back, but the effect of a step is still there.
    case effectLeft(saga: Int, step: Int)
    /// No saga is under way any more, but the aggregate is still locked.
    case lockLeft(aggregate: Int)
    /// Nothing can happen any more, but the saga has not ended.
    case neverEnds(saga: Int)
    /// Something is undone although the pivot has succeeded.
    case undoneAfterPivot(saga: Int)
}
