/// The server's own words about a failure (protocol section 55.8, "Error and Notice Message Fields").
public struct ServerReport: Sendable {
    public var sqlState: String
    public var severity: String
    /// The primary message; it can quote values.
    public var message: String
    /// Often quotes whole rows.
    public var detail: String?
    public var hint: String?
    /// Where it happened: functions, triggers, the line of a COPY.
    public var context: String?
    public var schema: String?
    public var table: String?
    public var column: String?
    public var constraint: String?
    /// The function of the server's source that reported it.
    public var routine: String?

    init(sqlState: String, severity: String = "ERROR", message: String = "") {
        self.sqlState = sqlState
        self.severity = severity
        self.message = message
    }

    init(_ result: borrowing ResultHandle) {
        sqlState = result.errorField(.sqlState) ?? ""
        severity = result.errorField(.severity) ?? ""
        message = result.errorField(.message) ?? result.errorMessage
        detail = result.errorField(.detail)
        hint = result.errorField(.hint)
        context = result.errorField(.context)
        schema = result.errorField(.schema)
        table = result.errorField(.table)
        column = result.errorField(.column)
        constraint = result.errorField(.constraint)
        routine = result.errorField(.routine)
    }

    /// Whether the server closes the connection after this report.
    var isFatal: Bool { severity == "FATAL" || severity == "PANIC" || sqlState.hasPrefix("57P") }
}

extension ServerReport: CustomStringConvertible, CustomDebugStringConvertible {
    /// Safe to log: no message, no detail.
    public var description: String { "\(severity) \(sqlState)" }

    public var debugDescription: String {
        var lines = ["\(severity) \(sqlState): \(message)"]
        let rest: [(String, String?)] = [
            ("detail", detail), ("hint", hint), ("context", context), ("schema", schema), ("table", table),
            ("column", column), ("constraint", constraint),
        ]
        for case (let name, let value?) in rest { lines.append("\(name): \(value)") }
        return lines.joined(separator: "\n")
    }
}
