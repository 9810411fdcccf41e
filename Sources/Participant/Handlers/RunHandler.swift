package import Messaging
package import Postgres

/// A message of a run, as whoever handles the run sees it.
package struct RunMember: Sendable {
    private let member: BatchMember
    package let decision: FenceDecision

    init(_ member: BatchMember, _ decision: FenceDecision) {
        self.member = member
        self.decision = decision
    }

    package var envelope: Envelope { member.envelope }
    package var body: [UInt8] { member.body }
    /// What the reading of the body gave.
    package var payload: any Sendable { member.item.payload }
}

/// What handling one message gave.
package struct Handled: Sendable {
    /// The reply, if anybody wants one: it is stored for duplicates and sent.
    package var reply: OutgoingMessage?
    /// A refusal that nobody waits for: it is stored for whoever asks what became of the command, and not sent.
    package var unheardRefusal: OutgoingMessage?
    /// Events and requests.
    package var others: [OutgoingMessage]
    package var answer: HandlerResult.Answer

    package init(
        reply: OutgoingMessage? = nil, unheardRefusal: OutgoingMessage? = nil, others: [OutgoingMessage] = [],
        answer: HandlerResult.Answer = .done
    ) {
        self.reply = reply
        self.unheardRefusal = unheardRefusal
        self.others = others
        self.answer = answer
    }

    var rowCount: Int { others.count + (reply == nil ? 0 : 1) }
}

/// What handling a run gave.
package struct HandledRun: Sendable {
    /// By the members' places in the run.
    package var members: [Int: Handled]
    /// Called once the run is committed; never if it is not, or if nobody knows.
    package var committed: (@Sendable () -> Void)?

    package init(_ members: [Int: Handled], committed: (@Sendable () -> Void)? = nil) {
        self.members = members
        self.committed = committed
    }
}

/// What a run's handling came to when it did not succeed.
package enum RunHandlingError: Error, Sendable {
    /// These members' own handlers failed.
    case members([Int: any Error])
    /// Somebody's did, nobody knows whose.
    case unclear(any Error)
}

/// What the handling of a run begins with.
package enum RunOpening: Sendable {
    /// What the statements of ``RunHandler/opening(_:)`` gave.
    case read([Rows])
    /// What ``RunHandler/assume(_:)`` gave.
    case assumed(any Sendable)
}

/// Handles the messages of a queue, a run at a time. `Handlers` makes one of plain functions; an orchestrator, which folds the
/// replies of one saga into one update, brings its own.
package protocol RunHandler: Sendable {
    /// Whether messages of this type are handled.
    func knows(_ type: MessageType) -> Bool

    /// Whether the keys of a run are held against other processes. A handler that locks what they name needs no second lock.
    var locksKeys: Bool { get }

    /// Reads a message's body.
    ///
    /// - Throws: if the body is not what its type says; the message is dead then.
    func prepare(_ envelope: Envelope, _ body: [UInt8]) throws -> PreparedItem

    /// What handling a run begins with: statements that travel with its opening, so that nobody waits for them alone.
    ///
    /// They run before it is known which messages were handled before, so they may lock and read and nothing else.
    func opening(_ items: [PreparedItem]) -> [SQL]

    /// What the handler knows by itself, so that the whole run takes one round trip: optimistic concurrency control.
    ///
    /// The run then takes its messages for new. What the handler writes has to fail where what it assumed is not so; the run is
    /// rolled back then, and begins again by reading.
    ///
    /// - Returns: nil if the database has to be asked.
    func assume(_ items: [PreparedItem]) -> (any Sendable)?

    /// Handles all members of a run that are not answered by the fence alone.
    ///
    /// - Parameters:
    ///   - members: by their place in the run.
    ///   - groups: places by key, in order of arrival; different groups may be handled at once.
    func handle(
        _ members: [Int: RunMember], groups: [[Int]], opening: RunOpening, in transaction: Transaction
    ) async throws(RunHandlingError) -> HandledRun
}

extension RunHandler {
    package var locksKeys: Bool { true }

    package func opening(_ items: [PreparedItem]) -> [SQL] { [] }

    package func assume(_ items: [PreparedItem]) -> (any Sendable)? { nil }
}

/// What planning needs to know of a message whose body was read.
package struct PreparedItem: Sendable {
    package let key: String
    /// Which way its step goes, where it belongs to a pair of do and undo.
    package let direction: StepReference.Direction?
    package let payload: any Sendable

    package init(key: String, direction: StepReference.Direction?, payload: any Sendable) {
        self.key = key
        self.direction = direction
        self.payload = payload
    }
}
