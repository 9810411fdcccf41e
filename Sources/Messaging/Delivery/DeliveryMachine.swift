/// One transaction over a run of messages, from the claim to the last acknowledgement.
///
/// The delivery rule as a value: it says what to do next and is told how that went. No clock, no I/O, no message bodies; members
/// are numbered as the run has them. What holds, whatever fails in between: a message has its effect once, its sender gets a
/// reply at least once, and each time the same bytes.
///
/// The order that makes it so: the inbox row, the effect, the stored reply and the outbox rows stand in one transaction; the
/// acknowledgement comes after the commit; a reply sent again, and a message passed on, is confirmed before its copy is
/// acknowledged.
package struct DeliveryMachine: Sendable, Hashable {
    /// Where the run stands.
    ///
    /// - `idle` leads to `opening`, or to `ended`.
    /// - `opening` leads to `handling`, to `closing` (all were handled before), or to `ended`.
    /// - `handling` leads to `committing`, or to `ended`.
    /// - `closing` and `committing` lead to `settling`, or to `ended`.
    /// - `settling` leads to `ended`.
    enum Phase: Sendable, Hashable {
        case idle
        case opening
        case handling
        case closing
        case committing
        case settling
        case ended
    }

    /// A member of the run.
    package struct Member: Sendable, Hashable {
        package let id: UUIDv7
        /// The direction of its step, where the command belongs to a pair of do and undo.
        package let direction: StepReference.Direction?

        package init(id: UUIDv7, direction: StepReference.Direction?) {
            self.id = id
            self.direction = direction
        }
    }

    /// What is known of a member so far.
    enum Progress: Sendable, Hashable {
        case unknown
        /// In the inbox already. The stored reply, if there is one, is to be sent again.
        case duplicate(hasReply: Bool)
        case running(FenceDecision, FenceState)
        case handled(FenceDecision, FenceState, HandlerResult)
    }

    /// What the shell does next.
    package enum Action: Sendable, Hashable {
        /// Begin; claim the inbox ids in one insert; read the stored replies of those already there; lock keys and fence rows.
        ///
        /// An optimistic shell goes on at once as if all of that were new, and sends it with the commit in such a way that the
        /// server refuses the whole where it is not; that is a failure of the commit, a `conflict`.
        case open
        /// Run these members: a handler where the decision says so, a fixed answer elsewhere.
        case handle([Int: FenceDecision])
        /// Write stored replies, fence states and outbox rows, and commit, in one round trip.
        case commit(fences: [Int: FenceState])
        /// End the transaction, which wrote nothing. Its locks go, nothing else.
        case close
        /// Cancel the handlers that still run, roll back, and give the run back to the planner.
        case abort(RunEnd)
        /// Give the run back to the planner, which runs it again: the inbox will tell whether it was committed.
        /// The sweep looks for its rows in the outbox, because if they are there nobody has published them.
        case abandon(rowsInDoubt: Int)
        /// Acknowledge these members, publish every outbox row from memory, send these stored replies again.
        case settle(acknowledge: [Int], publishedRows: Int, resend: [Int])
        case acknowledge([Int])
        case resend(Int)
        /// The row may be deleted with the next batch.
        case forget(row: Int)
        /// The row stays; the sweep will publish it.
        case leaveToSweep(row: Int)
        /// Nothing is left to wait for.
        case finish
    }

    package let members: [Member]
    var phase = Phase.idle
    var progress: [Progress]
    /// Members whose handlers are not through.
    var runningCount = 0
    /// Rows published and neither confirmed nor given up.
    var openRows: Set<Int> = []
    /// Duplicates whose reply is on its way again.
    var openResends: Set<Int> = []

    package init(_ members: [Member]) {
        self.members = members
        progress = Array(repeating: .unknown, count: members.count)
    }

    package var isEnded: Bool { phase == .ended }
}

/// How one handler ended.
package struct HandlerResult: Sendable, Hashable {
    package enum Answer: Sendable, Hashable {
        /// It did its work.
        case done
        /// It refused for a reason of business and changed nothing but what the refusal itself notes.
        case refused
        /// It failed, and nobody knows whether there was an effect, as where somebody else has it.
        case unclear
    }

    package var answer: Answer
    /// For the outbox, its reply among them.
    package var rows: Int

    package init(_ answer: Answer, rows: Int) {
        self.answer = answer
        self.rows = rows
    }
}
