package import Messaging

/// One queue a participant works on, and how.
package struct ParticipantQueue: Sendable {
    package var name: String
    package var kind: Envelope.Kind
    /// Where messages may come from, besides those that were published again.
    package var senders: SenderRule.Allowed
    package var handler: any RunHandler
    package var ladder: RetryLadder
    /// Whether an operator's pause holds it.
    package var isPausable = true

    package init(
        name: String, kind: Envelope.Kind, senders: SenderRule.Allowed, handler: any RunHandler, ladder: RetryLadder,
        isPausable: Bool = true
    ) {
        self.name = name
        self.kind = kind
        self.senders = senders
        self.handler = handler
        self.ladder = ladder
        self.isPausable = isPausable
    }
}

extension ParticipantQueue {
    private static let everyReason = Set(Gate.Reason.allCases)
    private static let blockedAlone: Set<Gate.Reason> = [.blocked]

    /// What shuts the queue; asked for with every batch.
    var gateReasons: Set<Gate.Reason> { isPausable ? Self.everyReason : Self.blockedAlone }
}

/// What all queues of a process share.
struct QueueSurroundings: Sendable {
    let service: String
    let user: String
    let database: DatabaseGround
    let dispatch: Dispatch
    let gate: Gate
    let solitude: Solitude
    let inHand: WorkInHand
    let pauses: PausedTypes
    let batch: ParticipantConfiguration.Batch
    let stopWithin: Duration
    let horizon: Duration
    let telemetry: ParticipantTelemetry
    let now: @Sendable () -> Int64
}
