/// Cuts the binary form of a COPY into rows (PostgreSQL manual, COPY, "Binary Format").
struct CopyRowReader {
    private var bytes: [UInt8] = []
    private var offset = 0
    private var isPastHeader = false
    private(set) var isOver = false

    /// The signature, the flags and the length of the extension behind them.
    private static let headerByteCount = 19

    mutating func add(_ chunk: [UInt8]) {
        if offset == bytes.count {
            bytes = chunk
        } else {
            bytes = Array(bytes[offset...]) + chunk
        }
        offset = 0
    }

    /// - Returns: nil when more is needed, or nothing more comes.
    mutating func next() throws(PostgresError) -> CopyRow? {
        if isOver { return nil }
        if !isPastHeader, try !skipHeader() { return nil }
        guard let columnCount: Int16 = integer(at: offset) else { return nil }
        if columnCount == -1 {
            isOver = true
            return nil
        }
        guard columnCount >= 0 else { throw Self.malformed }
        return try row(columnCount: Int(columnCount))
    }

    private mutating func skipHeader() throws(PostgresError) -> Bool {
        guard bytes.count - offset >= Self.headerByteCount else { return false }
        guard bytes[offset..<(offset + 11)].elementsEqual(Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0]),
            let extensionByteCount: Int32 = integer(at: offset + 15), extensionByteCount >= 0
        else { throw Self.malformed }
        guard bytes.count - offset >= Self.headerByteCount + Int(extensionByteCount) else { return false }
        offset += Self.headerByteCount + Int(extensionByteCount)
        isPastHeader = true
        return true
    }

    private mutating func row(columnCount: Int) throws(PostgresError) -> CopyRow? {
        var cells: [Range<Int>?] = []
        cells.reserveCapacity(columnCount)
        var place = offset + 2
        for _ in 0..<columnCount {
            guard let length: Int32 = integer(at: place) else { return nil }
            place += 4
            if length == -1 {
                cells.append(nil)
                continue
            }
            guard length >= 0 else { throw Self.malformed }
            guard bytes.count - place >= Int(length) else { return nil }
            cells.append(place..<(place + Int(length)))
            place += Int(length)
        }
        offset = place
        return CopyRow(bytes: bytes, cells: cells)
    }

    private func integer<Value: FixedWidthInteger & BitwiseCopyable>(at place: Int) -> Value? {
        guard bytes.count - place >= MemoryLayout<Value>.size else { return nil }
        return unsafe bytes.span.bytes.bigEndianInteger(at: place, as: Value.self)
    }

    private static let malformed = PostgresError(
        .decodingFailed, note: "the COPY is not in binary format; say (FORMAT binary) in the statement")
}

/// A row of a COPY in binary. Nothing says of what types its cells are: read them as exactly what the columns are.
public struct CopyRow: Sendable {
    let bytes: [UInt8]
    let cells: [Range<Int>?]

    public var columnCount: Int { cells.count }

    /// Reads the column at `column`, counted from 0.
    public func decode<Value: PostgresDecodable & PostgresEncodable>(
        _ type: Value.Type = Value.self, at column: Int
    ) throws(PostgresError) -> Value {
        precondition(cells.indices.contains(column), "column \(column) of \(cells.count)")
        do throws(DecodingFailure) {
            guard let cell = cells[column] else { return try Value.postgresNull() }
            return try unsafe Value(postgresBytes: bytes.span.bytes.extracting(cell), type: Value.postgresType)
        } catch {
            throw PostgresError(.decodingFailed, note: "column \(column) of a COPY as \(Value.self): \(error)")
        }
    }

    /// Reads the first columns, one for each type.
    public func decode<each Value: PostgresDecodable & PostgresEncodable>(
        _ types: repeat (each Value).Type
    ) throws(PostgresError) -> (repeat each Value) {
        var column = 0
        func next<One: PostgresDecodable & PostgresEncodable>(_ type: One.Type) throws(PostgresError) -> One {
            defer { column += 1 }
            return try decode(One.self, at: column)
        }
        return (repeat try next((each Value).self))
    }
}
