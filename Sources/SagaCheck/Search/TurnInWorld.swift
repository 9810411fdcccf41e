import SagaModel

/// A turn that the search has met.
struct TurnInWorld {
    let key: TurnKey
    let turn: Turn
    /// Nil for a step that waits for events.
    let call: CallModel?
    var request: Identifier
}

/// Where a turn's messages stand in a state, and which codes its inputs have; held apart from ``TurnInWorld`` because
/// the search reads it for every message of every state.
struct TurnFields {
    let saga: Int
    let step: Int
    /// The aggregate its command touches, or -1.
    let aggregate: Int
    /// How many copies of the command are under way.
    let commands: BitField
    /// The reply that the participant has stored, plus one.
    let stored: BitField
    let fence: BitField
    /// Where in the explorer's `replyFields` its replies stand, by variant: how many copies are under way. With an
    /// inbox that stores replies they are all one field, because the reply is always the stored one.
    let firstReply: Int
    /// How many of them are fields of their own.
    let replyFieldCount: Int
    let firstReplyCode: Int
    let timerCode: Int
    /// Where in the explorer's `outcomeRanges` its outcomes stand.
    let firstOutcome: Int
}
