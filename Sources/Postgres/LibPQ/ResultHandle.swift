import CPostgres
import Glibc

/// Owns a `PGresult`.
///
/// `@unchecked Sendable` is true because a result is read-only once made (libpq manual, section 34.21) and has one owner.
@safe
struct ResultHandle: ~Copyable, @unchecked Sendable {
    private let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe PQclear(pointer)
    }

    var status: ExecStatusType { unsafe PQresultStatus(pointer) }
    var rowCount: Int { Int(unsafe PQntuples(pointer)) }
    var columnCount: Int { Int(unsafe PQnfields(pointer)) }

    /// The memory the result takes.
    var byteCount: Int { unsafe PQresultMemorySize(pointer) }

    /// The command tag, for example `INSERT 0 1`.
    var commandTag: String { unsafe String(cString: PQcmdStatus(pointer)) }

    /// How many rows the command touched; zero for commands that count none.
    var affectedCount: Int {
        var count = 0
        var digit = unsafe PQcmdTuples(pointer)!
        while unsafe digit.pointee != 0 {
            unsafe count = count * 10 + Int(digit.pointee) - 48
            unsafe digit += 1
        }
        return count
    }

    func columnType(_ column: Int) -> PostgresType {
        PostgresType(oid: unsafe PQftype(pointer, Int32(column)))
    }

    func columnName(_ column: Int) -> String? {
        unsafe PQfname(pointer, Int32(column)).map { unsafe String(cString: $0) }
    }

    func columnIndex(_ name: String) -> Int? {
        for column in 0..<columnCount {
            let matches = unsafe name.withCString { unsafe strcmp(PQfname(pointer, Int32(column)), $0) == 0 }
            if matches { return column }
        }
        return nil
    }

    /// The bytes of a cell, nil for `NULL`; they live as long as the result.
    @unsafe
    func cell(row: Int, column: Int) -> UnsafeRawBufferPointer? {
        let length = unsafe PQgetlength(pointer, Int32(row), Int32(column))
        if length == 0, unsafe PQgetisnull(pointer, Int32(row), Int32(column)) == 1 { return nil }
        return unsafe UnsafeRawBufferPointer(
            start: PQgetvalue(pointer, Int32(row), Int32(column)), count: Int(length))
    }

    /// A field of the server's error report (libpq manual, `PQresultErrorField`).
    func errorField(_ field: ErrorField) -> String? {
        unsafe PQresultErrorField(pointer, field.rawValue).map { unsafe String(cString: $0) }
    }

    var errorMessage: String { unsafe String(cString: PQresultErrorMessage(pointer)) }
}

/// The parts of an error report that are used here, by their protocol letter.
enum ErrorField: Int32 {
    case severity = 0x56
    case sqlState = 0x43
    case message = 0x4D
    case detail = 0x44
    case hint = 0x48
    case context = 0x57
    case schema = 0x73
    case table = 0x74
    case column = 0x63
    case constraint = 0x6E
    case routine = 0x52
}
