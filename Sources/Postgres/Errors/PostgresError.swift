/// What went wrong between this program and its database.
///
/// ``description`` is safe to log: it names the code, the SQLSTATE, the constraint and the statement's text, which holds
/// no values. ``debugDescription`` adds the server's message, `DETAIL` and context, which may quote data.
public struct PostgresError: Error, Sendable {
    private final class Storage: Sendable {
        let code: Code
        let server: ServerReport?
        let note: String?
        let statement: String?
        let transactionID: PostgresTransactionID?
        let cause: PostgresError?

        init(
            code: Code, server: ServerReport?, note: String?, statement: String?,
            transactionID: PostgresTransactionID?, cause: PostgresError?
        ) {
            self.code = code
            self.server = server
            self.note = note
            self.statement = statement
            self.transactionID = transactionID
            self.cause = cause
        }
    }

    /// One word, so that throwing and storing an error moves no more than that.
    private let storage: Storage

    /// - Parameter note: what to do about it; must hold no data.
    init(
        _ code: Code, note: String? = nil, server: ServerReport? = nil, statement: String? = nil,
        transactionID: PostgresTransactionID? = nil, cause: PostgresError? = nil
    ) {
        storage = Storage(
            code: code, server: server, note: note, statement: statement, transactionID: transactionID, cause: cause)
    }

    /// What kind of failure it is.
    public var code: Code { storage.code }

    /// The server's five-character code, nil where the server did not speak.
    public var sqlState: String? { storage.server?.sqlState }

    /// The constraint that was violated.
    public var constraintName: String? { storage.server?.constraint }

    /// The table the server names in its report.
    public var tableName: String? { storage.server?.table }

    /// The server's full report; it may quote values.
    public var server: ServerReport? { storage.server }

    /// The text of the statement, without its values.
    public var statement: String? { storage.statement }

    /// Which transaction has an unknown outcome; ask ``PostgresPool/outcome(of:)`` with it.
    public var transactionID: PostgresTransactionID? { storage.transactionID }

    /// The failure that led to this one.
    public var cause: PostgresError? { storage.cause }

    /// What to do about it, where that is known.
    public var note: String? { storage.note }

    /// The family the code belongs to.
    public var group: Group { code.group }

    /// Whether the same work may succeed when it is done again from its beginning.
    ///
    /// False for an unknown outcome: the work may be done already.
    public var isRetriable: Bool {
        if code == .transactionAborted { return cause?.isRetriable ?? false }
        return code.isRetriable
    }
}

extension PostgresError {
    /// The same failure with the statement it happened in.
    func inStatement(_ text: @autoclosure () -> String) -> PostgresError {
        if statement != nil { return self }
        return PostgresError(
            code, note: note, server: server, statement: text(), transactionID: transactionID, cause: cause)
    }
}

extension PostgresError: CustomStringConvertible {
    public var description: String {
        var text = "postgres: \(code)"
        if let sqlState { text += " (\(sqlState))" }
        if let constraintName { text += " constraint \"\(constraintName)\"" }
        if let tableName { text += " table \"\(tableName)\"" }
        if let note { text += ": \(note)" }
        if let transactionID { text += " [transaction \(transactionID)]" }
        if let statement { text += " in: \(statement.prefix(Self.statementLengthMax))" }
        if let cause { text += "; because of \(cause)" }
        return text
    }

    /// How much of a statement's text is shown.
    private static let statementLengthMax = 200
}

extension PostgresError: CustomDebugStringConvertible {
    public var debugDescription: String {
        var text = description
        if let server { text += "\n\(server.debugDescription)" }
        if let cause { text += "\ncause: \(cause.debugDescription)" }
        return text
    }
}
