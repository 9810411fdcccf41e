import CPostgres
import Glibc

/// Makes connections. Blocks, so it is called on threads of its own.
enum ConnectionOpening {
    /// Connects, checks and switches to non-blocking pipeline mode.
    ///
    /// - Parameter keywords: libpq's connection keywords (libpq manual, section 34.1.2).
    static func open(_ keywords: [(String, String)]) throws(PostgresError) -> ConnectionHandle {
        guard let pointer = unsafe connect(keywords) else {
            throw PostgresError(.connectionFailed, note: "libpq is out of memory")
        }
        let handle = unsafe ConnectionHandle(owning: pointer)
        if handle.isBroken { throw failure(of: handle) }
        unsafe PQsetNoticeReceiver(pointer, { _, _ in }, nil)
        guard unsafe PQsetnonblocking(pointer, 1) == 0, handle.enterPipeline() else {
            throw PostgresError(.connectionFailed, note: "libpq refuses the non-blocking pipeline mode")
        }
        return handle
    }

    private static func connect(_ keywords: [(String, String)]) -> OpaquePointer? {
        let names = unsafe keywords.map { unsafe strdup($0.0) } + [nil]
        let values = unsafe keywords.map { unsafe strdup($0.1) } + [nil]
        defer {
            for index in 0...keywords.count {
                unsafe free(names[index])
                unsafe free(values[index])
            }
        }
        let constantNames = unsafe names.map { unsafe UnsafePointer<CChar>($0) }
        let constantValues = unsafe values.map { unsafe UnsafePointer<CChar>($0) }
        return unsafe PQconnectdbParams(constantNames, constantValues, 0)
    }

    /// libpq gives no SQLSTATE for a failed connection, only text; some of it says who has to act.
    private static func failure(of handle: borrowing ConnectionHandle) -> PostgresError {
        let message = handle.errorMessage
        var report = ServerReport(sqlState: "08001", severity: "FATAL", message: message)
        for (state, marks) in refusals where marks.contains(where: { message.contains($0) }) {
            report.sqlState = state
        }
        if unsafe PQconnectionNeedsPassword(handle.pointer) == 1 { report.sqlState = "28P01" }
        let code: PostgresError.Code = report.sqlState == "08001" ? .connectionFailed : .init(report)
        return PostgresError(code, server: report)
    }

    private static let refusals: [(String, [String])] = [
        ("28P01", ["password authentication failed", "no password supplied"]),
        ("28000", ["no pg_hba.conf entry", "role \"", "is not permitted to log in", "authentication failed"]),
        ("3D000", ["database \""]),
        ("53300", ["too many clients", "remaining connection slots", "too many connections for"]),
        ("57P03", ["starting up", "shutting down", "recovery mode"]),
    ]
}
