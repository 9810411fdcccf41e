import CPostgres
import Glibc

/// Owns a `PGconn` in non-blocking pipeline mode.
///
/// Not thread-safe by itself: "one restriction is that no two threads attempt to manipulate the same PGconn object at the
/// same time" (libpq manual, section 34.21). Its owner keeps it behind a lock. `@unchecked Sendable` is true because it has
/// one owner, which may hand it to another thread.
@safe
struct ConnectionHandle: ~Copyable, @unchecked Sendable {
    let pointer: OpaquePointer
    private let scratch: ParameterScratch

    /// Takes over a connection that has been made.
    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
        scratch = ParameterScratch()
    }

    deinit {
        unsafe PQfinish(pointer)
    }

    var isBroken: Bool { unsafe PQstatus(pointer) != CONNECTION_OK }

    /// The socket, nil once libpq has closed it, which it does by itself when the link breaks.
    var openDescriptor: Int32? {
        let descriptor = unsafe PQsocket(pointer)
        return descriptor >= 0 ? descriptor : nil
    }

    var isIdleOutsideTransaction: Bool { unsafe PQtransactionStatus(pointer) == PQTRANS_IDLE }
    var processID: Int32 { unsafe PQbackendPID(pointer) }
    var serverVersion: Int { Int(unsafe PQserverVersion(pointer)) }

    /// libpq's last words; they can quote the server, so they belong into debug descriptions only.
    var errorMessage: String { unsafe String(cString: PQerrorMessage(pointer)) }

    /// Whether a call of ``nextResult()`` would have to wait.
    var isBusy: Bool { unsafe PQisBusy(pointer) == 1 }

    /// Reads what the socket has.
    ///
    /// - Returns: false when the connection is lost; results that came before can still be taken.
    func consumeInput() -> Bool { unsafe PQconsumeInput(pointer) == 1 }

    /// The next result, nil at the end of a statement's results. Ask ``isBusy`` first.
    func nextResult() -> ResultHandle? {
        guard let result = unsafe PQgetResult(pointer) else { return nil }
        return unsafe ResultHandle(owning: result)
    }

    enum Flush { case done, blocked, failed }

    /// Writes what is buffered.
    func flush() -> Flush {
        switch unsafe PQflush(pointer) {
        case 0: .done
        case 1: .blocked
        default: .failed
        }
    }

    func enterPipeline() -> Bool { unsafe PQenterPipelineMode(pointer) == 1 }
    func exitPipeline() -> Bool { unsafe PQexitPipelineMode(pointer) == 1 }

    /// Buffers a synchronisation point and writes everything buffered.
    func sendSync() -> Bool { unsafe PQpipelineSync(pointer) == 1 }

    /// Buffers the preparation of a statement.
    func sendPrepare(name: StatementName, text: String, types: [UInt32]) -> Bool {
        unsafe types.withUnsafeBufferPointer { types in
            unsafe name.withCString { name in
                unsafe PQsendPrepare(pointer, name, text, Int32(types.count), types.baseAddress) == 1
            }
        }
    }

    /// Buffers an execution of a prepared statement with the values of `sql`, parameters and results in binary.
    func sendPrepared(name: borrowing StatementName, values sql: borrowing SQL) -> Bool {
        let count = scratch.load(sql)
        return unsafe name.withCString { name in
            unsafe PQsendQueryPrepared(
                pointer, name, count, scratch.values, scratch.lengths, scratch.formats, 1) == 1
        }
    }

    /// Buffers a statement without parameters and without preparing it, its results in binary.
    func sendOnce(_ text: String) -> Bool {
        unsafe PQsendQueryParams(pointer, text, 0, nil, nil, nil, nil, 1) == 1
    }

    /// The next notification that has been read.
    func nextNotification() -> PostgresNotification? {
        guard let notification = unsafe PQnotifies(pointer) else { return nil }
        defer { unsafe PQfreemem(notification) }
        return unsafe PostgresNotification(
            channel: String(cString: notification.pointee.relname),
            payload: String(cString: notification.pointee.extra),
            processID: notification.pointee.be_pid)
    }

    /// Ends the conversation at once; the memory is freed with the handle.
    func shutDown() {
        if let descriptor = openDescriptor { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    /// What is needed to cancel from another thread.
    func cancelHandle() -> CancelHandle? {
        guard let cancel = unsafe PQgetCancel(pointer) else { return nil }
        return unsafe CancelHandle(owning: cancel)
    }
}
