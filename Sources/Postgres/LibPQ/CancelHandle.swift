import CPostgres

/// Owns what libpq needs to ask the server to stop a connection's running statement.
///
/// `@unchecked Sendable` is true because `PQcancel` is thread-safe and reads nothing of the connection ("can be invoked
/// from a separate thread", libpq manual, section 34.7).
@safe
struct CancelHandle: ~Copyable, @unchecked Sendable {
    private let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe PQfreeCancel(pointer)
    }

    /// Opens a second connection and sends the request; blocks until the server has taken it.
    ///
    /// - Returns: whether the request was sent; the statement may have ended by itself all the same.
    func send() -> Bool {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
            unsafe PQcancel(pointer, message.baseAddress, Int32(message.count)) == 1
        }
    }
}
