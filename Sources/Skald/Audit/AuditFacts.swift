import SagaModel

/// What all databases and queues held when the audit looked.
struct AuditFacts: Sendable {
    struct Order: Sendable {
        var state: String
        var total: Int64?
    }

    struct Hold: Sendable {
        var consumer: String
        var state: String
        var amount: Int64
    }

    /// A row of the ledger: what one account gives to another.
    struct Booking: Sendable {
        var order: String
        var debit: String
        var credit: String
        var amount: Int64
    }

    struct Saga: Sendable {
        var id: Identifier
        var name: String
        var key: String
        var isOver: Bool
        var isStuck: Bool
        var outcome: String?
        /// The order it is about, by what it can be found by.
        var order: String?
    }

    struct Queue: Sendable {
        var readyCount: Int
        /// Nil where nobody could say.
        var unackedCount: Int?
    }

    /// By order.
    var orders: [String: Order] = [:]
    var slots: [String: String] = [:]
    var tickets: [String: String] = [:]
    var holds: [String: Hold] = [:]
    var ledger: [Booking] = []
    /// What each consumer's account says is held on it.
    var heldByConsumer: [String: Int64] = [:]
    var sagas: [Saga] = []
    /// The keys of creating sagas that retention has forgotten.
    var forgottenCreations: Set<String> = []
    /// By service.
    var outboxCounts: [String: Int] = [:]
    /// Stored replies and handled commands of sagas.
    var answerCounts: [String: Int] = [:]
    /// Replies whose command is not in the inbox, by service.
    var orphanedReplies: [String: [String]] = [:]
    /// Commands of sagas that were handled and have no stored reply, by service.
    var unansweredCommands: [String: [String]] = [:]
    var queues: [String: Queue] = [:]

    /// Whether nothing is under way any more.
    var isQuiet: Bool {
        sagas.allSatisfy { $0.isOver || $0.isStuck } && outboxCounts.values.allSatisfy { $0 == 0 }
            && queues.allSatisfy {
                $0.key.hasSuffix(".dead") || $0.value.readyCount + ($0.value.unackedCount ?? 0) == 0
            }
    }
}
