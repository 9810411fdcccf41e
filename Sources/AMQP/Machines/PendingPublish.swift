/// One publish from the call to its outcome.
///
/// A class, so that queue, ring and list of completions move a reference and not the message. `@unchecked Sendable` is
/// true because what changes is touched only by the machine that holds it, under its shell's lock, until the publish is
/// completed; then by the one who completes it.
final class PendingPublish<Token: Sendable>: @unchecked Sendable {
    let id: UInt64
    let publication: Publication
    /// What a returned message is told apart by: its own id, or one made for it.
    let messageID: String
    /// Nanoseconds on the monotonic clock at which the caller asked.
    let submittedAt: UInt64
    /// Whoever awaits the outcome.
    var token: Token
    /// Set by a return before the confirm, and by the end.
    var outcome: PublishOutcome?
    /// Its waiter has been told that it no longer waits; only the number on the wire is still open.
    private(set) var isExpired = false

    init(id: UInt64, publication: Publication, messageID: String, submittedAt: UInt64, token: Token) {
        self.id = id
        self.publication = publication
        self.messageID = messageID
        self.submittedAt = submittedAt
        self.token = token
    }

    /// The outcome of a publish that has ended.
    var end: PublishOutcome {
        guard let outcome else { preconditionFailure("a publish was completed without an outcome") }
        return outcome
    }

    /// Notes that the waiter has been told.
    func abandon(_ nobody: Token) {
        token = nobody
        isExpired = true
    }

    var byteCount: Int { publication.message.body.count }
}
