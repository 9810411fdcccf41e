/// One row; keeps its whole result in memory.
public struct Row: Sendable {
    @usableFromInline let storage: ResultStorage
    @usableFromInline let index: Int

    init(storage: ResultStorage, index: Int) {
        self.storage = storage
        self.index = index
    }

    public var columnCount: Int { storage.handle.columnCount }

    /// Reads the column at `column`, counted from 0.
    ///
    /// - Throws: ``PostgresError/Code/decodingFailed`` when the cell is not such a value; `NULL` is one only for optionals.
    @inlinable
    public func decode<Value: PostgresDecodable>(
        _ type: Value.Type = Value.self, at column: Int
    ) throws(PostgresError) -> Value {
        let cell = unsafe self.cell(column)
        do {
            guard let bytes = unsafe cell.bytes else { return try Value.postgresNull() }
            return try unsafe Value(postgresBytes: bytes.bytes, type: cell.type)
        } catch {
            throw failure(error, column: column, wanted: Value.self)
        }
    }

    /// Reads the column with this name; by place is faster.
    @inlinable
    public func decode<Value: PostgresDecodable>(
        _ type: Value.Type = Value.self, _ name: String
    ) throws(PostgresError) -> Value {
        try decode(Value.self, at: try column(named: name))
    }

    /// Reads the first columns, one for each type: `let (id, note) = try row.decode(Int.self, String?.self)`.
    @inlinable
    public func decode<each Value: PostgresDecodable>(
        _ types: repeat (each Value).Type
    ) throws(PostgresError) -> (repeat each Value) {
        var column = 0
        func next<One: PostgresDecodable>(_ type: One.Type) throws(PostgresError) -> One {
            defer { column += 1 }
            return try decode(One.self, at: column)
        }
        return (repeat try next((each Value).self))
    }

    /// Lends the bytes of a cell without copying them; nil for `NULL`.
    public func withBytes<Result>(at column: Int, _ body: (RawSpan?) throws -> Result) rethrows -> Result {
        let cell = unsafe self.cell(column)
        guard let bytes = unsafe cell.bytes else { return try body(nil) }
        return try body(unsafe bytes.bytes)
    }

    @usableFromInline
    @unsafe
    struct Cell {
        @usableFromInline var bytes: UnsafeRawBufferPointer?
        @usableFromInline var type: PostgresType
    }

    @usableFromInline
    @unsafe
    func cell(_ column: Int) -> Cell {
        precondition(column >= 0 && column < columnCount, "column \(column) of \(columnCount)")
        return unsafe Cell(
            bytes: storage.handle.cell(row: index, column: column), type: storage.handle.columnType(column))
    }

    @usableFromInline
    func column(named name: String) throws(PostgresError) -> Int {
        guard let column = storage.handle.columnIndex(name) else {
            throw PostgresError(.decodingFailed, note: "the result has no column \"\(name)\"")
        }
        return column
    }

    @usableFromInline
    func failure(_ reason: DecodingFailure, column: Int, wanted: Any.Type) -> PostgresError {
        let name = storage.handle.columnName(column) ?? "\(column)"
        let type = storage.handle.columnType(column)
        let what =
            switch reason {
            case .unexpectedNull: "is NULL; read it as \(wanted)?"
            case .typeMismatch: "cannot be read as \(wanted)"
            case .outOfRange: "does not fit in \(wanted)"
            case .malformed: "is malformed for \(wanted)"
            }
        return PostgresError(.decodingFailed, note: "column \"\(name)\" of type \(type) \(what)")
    }
}
