/// Why a message lies in a dead queue. Stable words: they stand in the header `skald-dead-reason`, and people group by them.
public enum DeadReason: String, Sendable, Hashable, CaseIterable {
    /// Its outside or its body breaks the contract.
    case undecodable
    /// Its body is larger than 1 MiB.
    case tooLarge = "too-large"
    /// Its id is no UUID of version 7, so that nobody could tell whether it was handled before.
    case badIdentifier = "bad-identifier"
    /// Its id is older than the inbox reaches back, so that nobody could tell whether it was handled before.
    case tooOld = "too-old"
    /// Nobody here knows its type.
    case unknownType = "unknown-type"
    /// It was published by somebody who may not.
    case unauthorised
    /// Its handler failed at every attempt.
    case attemptsExhausted = "attempts-exhausted"
    /// It was begun alone in one process after the other, and each died over it.
    case crashing
}
