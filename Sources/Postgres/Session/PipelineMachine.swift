/// What has been sent on a connection and not been answered yet, in order.
///
/// The server answers strictly in order; after a failure it skips everything up to the next synchronisation point (protocol
/// section 55.2.4). This machine says whom an answer belongs to. `Token` stands for whoever waits.
struct PipelineMachine<Token> {
    enum Kind {
        /// A statement is being prepared for the execution right behind it.
        case preparation
        case execution
        /// A prepared statement is freed; nobody waits.
        case deallocation
        /// A synchronisation point, for which somebody may wait: a statement that is a transaction of its own has happened
        /// only when this has been reached.
        case synchronisation
    }

    private struct Entry {
        let kind: Kind
        /// Who waits, until told.
        var token: Token?
        let statement: StatementNumber
        let byteCount: Int
    }

    /// What libpq reports.
    enum Answer {
        case success
        case failure(PostgresError)
        /// Skipped because of an earlier failure.
        case skipped
        /// The end of one entry's results.
        case end
        case synchronised
    }

    enum Action {
        case none
        case succeed(Token)
        /// - forget: the prepared statement is not there (any more).
        case fail(Token, PostgresError, forget: StatementNumber?)
        case forget(StatementNumber)
        case synchronised(Token?)
        /// The answer fits nothing that was sent: the connection cannot be trusted any more.
        case disagree(String)
    }

    private var entries = Ring<Entry>(capacity: 64)
    /// Whether the head's result has come and only the end of its results is due.
    private(set) var isHeadAnswered = false
    /// The first failure since the last synchronisation point.
    private var failure: PostgresError?
    /// Set when a preparation failed, for the execution right behind it.
    private var preparationFailure: PostgresError?
    /// Entries since the last synchronisation point that was sent.
    private(set) var unsynchronisedCount = 0
    /// Bytes of values that are under way.
    private(set) var byteCount = 0

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }

    /// The first who waits: for what the server works on now, or for what stands right behind it.
    var current: Token? {
        for index in 0..<min(entries.count, Self.lookAheadCount) {
            if let token = entries[index].token { return token }
        }
        return nil
    }

    /// At most the end of a result, a deallocation, a preparation and a synchronisation point stand before somebody who waits.
    private static var lookAheadCount: Int { 5 }

    /// - Parameters:
    ///   - statement: for an execution and its preparation, 0 where it is not prepared.
    ///   - byteCount: of the values.
    mutating func sent(_ kind: Kind, _ token: Token? = nil, statement: StatementNumber = 0, byteCount: Int = 0) {
        unsynchronisedCount = kind == .synchronisation ? 0 : unsynchronisedCount &+ 1
        self.byteCount &+= byteCount
        entries.append(Entry(kind: kind, token: token, statement: statement, byteCount: byteCount))
    }

    mutating func received(_ answer: Answer) -> Action {
        switch answer {
        case .success: succeeded()
        case .end: ended()
        case .synchronised: synchronised()
        case .failure(let error): failed(error)
        case .skipped: skipped()
        }
    }

    /// Gives up everything that is unanswered, because the connection is gone.
    mutating func abandon() -> [Token] {
        unsynchronisedCount = 0
        byteCount = 0
        isHeadAnswered = false
        failure = nil
        preparationFailure = nil
        return entries.removeAll().compactMap(\.token)
    }

    private mutating func ended() -> Action {
        guard isHeadAnswered else { return .none }
        isHeadAnswered = false
        // A failure can come in place of a synchronisation point, which is still due then.
        if entries[0].kind == .synchronisation { return .none }
        byteCount &-= entries[0].byteCount
        entries.removeFirst()
        return .none
    }

    private mutating func synchronised() -> Action {
        guard !entries.isEmpty, entries[0].kind == .synchronisation else {
            return .disagree("a synchronisation point was reported before its time")
        }
        let token = entries[0].token.take()
        entries.removeFirst()
        failure = nil
        preparationFailure = nil
        return .synchronised(token)
    }

    /// What is wrong with any result at all coming now.
    private var disagreement: Action? {
        if entries.isEmpty { return .disagree("an answer came that nothing was sent for") }
        if isHeadAnswered { return .disagree("a second answer came for one statement") }
        return nil
    }

    private mutating func succeeded() -> Action {
        if let disagreement { return disagreement }
        isHeadAnswered = true
        switch entries[0].kind {
        case .preparation, .deallocation: return .none
        case .execution: return entries[0].token.take().map { .succeed($0) } ?? .none
        case .synchronisation: return .disagree("a result came where a synchronisation point was due")
        }
    }

    private mutating func failed(_ error: PostgresError) -> Action {
        if let disagreement { return disagreement }
        isHeadAnswered = true
        if failure == nil { failure = error }
        let statement = entries[0].statement
        switch entries[0].kind {
        case .deallocation: return .none
        case .preparation:
            preparationFailure = error
            return .forget(statement)
        case .execution:
            let forgotten = error.code == .staleStatement ? statement : nil
            return entries[0].token.take().map { .fail($0, error, forget: forgotten) } ?? .none
        case .synchronisation:
            // A transaction of one statement is committed at its synchronisation point, and that can fail.
            return entries[0].token.map { .fail($0, error, forget: nil) } ?? .none
        }
    }

    private mutating func skipped() -> Action {
        if let disagreement { return disagreement }
        isHeadAnswered = true
        switch entries[0].kind {
        case .deallocation: return .none
        case .preparation: return .forget(entries[0].statement)
        case .execution:
            let error = preparationFailure.take() ?? PostgresError(.transactionAborted, cause: failure)
            return entries[0].token.take().map { .fail($0, error, forget: nil) } ?? .none
        case .synchronisation: return .disagree("a synchronisation point was skipped")
        }
    }
}

/// Counts the statements prepared on a connection, from 1.
typealias StatementNumber = Int
