/// Which of the protocol's rules hold in the world that is searched.
///
/// All hold in the real one. Each can be left out here, and only here, so that a test shows what goes wrong without it.
package struct ProtocolRules: Sendable, Hashable {
    /// What a participant remembers of the commands it has handled.
    package enum Inbox: String, Sendable, Hashable, CaseIterable {
        /// A repeated command is answered again with the stored reply.
        case storedReply = "stored-reply"
        /// A repeated command is dropped without an answer.
        case dropping
        /// A repeated command is handled again.
        case none
    }

    /// A reply counts only for the request awaited; otherwise any reply is applied to whatever the saga waits for.
    package var correlatesReplies: Bool
    /// A step that timed out is undone itself; otherwise only the steps before it are.
    package var undoesInDoubt: Bool
    /// An undo that comes before its do is remembered, and the do refused; otherwise the do is carried out.
    package var fences: Bool
    package var inbox: Inbox

    package init(
        correlatesReplies: Bool = true, undoesInDoubt: Bool = true, fences: Bool = true, inbox: Inbox = .storedReply
    ) {
        self.correlatesReplies = correlatesReplies
        self.undoesInDoubt = undoesInDoubt
        self.fences = fences
        self.inbox = inbox
    }

    /// The protocol that runs.
    package static let full = ProtocolRules()
    /// A timeout means failure, and the next reply is taken for the next step's.
    package static let naiveTimeout = ProtocolRules(correlatesReplies: false, undoesInDoubt: false)
    package static let noCorrelation = ProtocolRules(correlatesReplies: false)
    package static let noInDoubtUndo = ProtocolRules(undoesInDoubt: false)
    package static let noFence = ProtocolRules(fences: false)
    package static let droppingInbox = ProtocolRules(inbox: .dropping)
    package static let noInbox = ProtocolRules(inbox: .none)

    /// The weaker protocols by the names people use.
    package static let weaker: [(name: String, rules: ProtocolRules)] = [
        ("naive-timeout", .naiveTimeout), ("no-correlation", .noCorrelation), ("no-in-doubt-undo", .noInDoubtUndo),
        ("no-fence", .noFence), ("dropping-inbox", .droppingInbox), ("no-inbox", .noInbox),
    ]
}
