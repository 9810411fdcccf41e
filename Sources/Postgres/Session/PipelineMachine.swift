/// What has been sent on a connection and not been answered yet, in order.
///
/// The server answers strictly in order; after a failure it skips everything up to the next synchronisation point (protocol
/// section 55.2.4). This machine says whom an answer belongs to. `Token` stands for whoever waits.
struct PipelineMachine<Token> {
    enum Entry {
        /// A statement is being prepared for the execution right behind it.
        case preparation(StatementNumber)
        /// A statement is executed; the number is nil where it was not prepared.
        case execution(Token, StatementNumber?)
        /// A prepared statement is freed; nobody waits.
        case deallocation
        /// A synchronisation point, for which somebody may wait: a statement that is a transaction of its own has happened
        /// only when this has been reached.
        case synchronisation(Token?)
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

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }

    /// The first who waits: for what the server works on now, or for what stands right behind it.
    var current: Token? {
        for index in 0..<min(entries.count, Self.lookAheadCount) {
            if let token = Self.token(of: entries[index]) { return token }
        }
        return nil
    }

    /// At most a deallocation, a preparation and a synchronisation point stand before somebody who waits.
    private static var lookAheadCount: Int { 4 }

    private static func token(of entry: Entry) -> Token? {
        switch entry {
        case .execution(let token, _): token
        case .synchronisation(let token): token
        case .preparation, .deallocation: nil
        }
    }

    mutating func sent(_ entry: Entry) {
        if case .synchronisation = entry {
            unsynchronisedCount = 0
        } else {
            unsynchronisedCount += 1
        }
        entries.append(entry)
    }

    mutating func received(_ answer: Answer) -> Action {
        switch answer {
        case .end: ended()
        case .synchronised: synchronised()
        case .success, .failure, .skipped: answered(answer)
        }
    }

    /// Gives up everything that is unanswered, because the connection is gone.
    mutating func abandon() -> [Token] {
        unsynchronisedCount = 0
        isHeadAnswered = false
        failure = nil
        preparationFailure = nil
        return entries.removeAll().compactMap(Self.token)
    }

    private mutating func ended() -> Action {
        guard isHeadAnswered else { return .none }
        isHeadAnswered = false
        // A failure can come in place of a synchronisation point, which is still due then.
        if case .synchronisation = entries.first { return .none }
        entries.removeFirst()
        return .none
    }

    private mutating func synchronised() -> Action {
        guard case .synchronisation(let token) = entries.first else {
            return .disagree("a synchronisation point was reported before its time")
        }
        entries.removeFirst()
        failure = nil
        preparationFailure = nil
        return .synchronised(token)
    }

    private mutating func answered(_ answer: Answer) -> Action {
        guard let entry = entries.first else { return .disagree("an answer came that nothing was sent for") }
        if isHeadAnswered { return .disagree("a second answer came for one statement") }
        isHeadAnswered = true
        switch entry {
        case .preparation(let number): return prepared(number, answer)
        case .execution(let token, let number): return executed(token, number, answer)
        case .deallocation:
            note(answer)
            return .none
        case .synchronisation(let token): return failedToSynchronise(token, answer)
        }
    }

    private mutating func prepared(_ number: StatementNumber, _ answer: Answer) -> Action {
        switch answer {
        case .success, .end, .synchronised: return .none
        case .failure(let error):
            preparationFailure = error
            note(answer)
            return .forget(number)
        case .skipped: return .forget(number)
        }
    }

    private mutating func executed(_ token: Token, _ number: StatementNumber?, _ answer: Answer) -> Action {
        switch answer {
        case .success, .end, .synchronised: return .succeed(token)
        case .failure(let error):
            note(answer)
            return .fail(token, error, forget: error.code == .staleStatement ? number : nil)
        case .skipped:
            let own = preparationFailure.take()
            return .fail(token, own ?? PostgresError(.transactionAborted, cause: failure), forget: nil)
        }
    }

    /// A transaction of one statement is committed at its synchronisation point, and that can fail.
    private mutating func failedToSynchronise(_ token: Token?, _ answer: Answer) -> Action {
        guard case .failure(let error) = answer else {
            return .disagree("a result came where a synchronisation point was due")
        }
        return token.map { .fail($0, error, forget: nil) } ?? .none
    }

    private mutating func note(_ answer: Answer) {
        if case .failure(let error) = answer, failure == nil { failure = error }
    }
}

/// Counts the statements prepared on a connection.
typealias StatementNumber = Int
