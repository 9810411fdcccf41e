/// Writes the rows of a COPY to the server.
///
/// Rows gather in a buffer of bounded size; a write waits while the connection takes no more.
public struct CopyWriter: ~Copyable {
    private let session: Session
    @usableFromInline var writer = PostgresWriter(byteCapacity: CopyWriter.byteCountMax + 4096)
    @usableFromInline var hasHeader = false
    /// The server has been told that no more comes.
    private(set) var isFinished = false

    /// How much gathers before it is sent.
    @usableFromInline static var byteCountMax: Int { 64 * 1024 }

    init(session: Session) {
        self.session = session
    }

    /// Adds a row in binary; the statement must say `(FORMAT binary)`, and the values' types must be exactly the columns'.
    @inlinable
    public mutating func write<each Value: PostgresEncodable>(_ values: repeat each Value) async throws(PostgresError) {
        if add(repeat each values) { try await flush() }
    }

    /// Adds a row without sending it, for loops that cannot spare a suspension point for every row.
    ///
    /// - Returns: whether enough has gathered, so that ``flush()`` is to be called before more is added.
    @inlinable
    @discardableResult
    public mutating func add<each Value: PostgresEncodable>(_ values: repeat each Value) -> Bool {
        if !hasHeader { writeHeader() }
        let countOffset = writer.count
        writer.write(Int16(0))
        var count: Int16 = 0
        for value in repeat each values {
            writeCell(value)
            count &+= 1
        }
        writer.patch(count, at: countOffset)
        return writer.count >= Self.byteCountMax
    }

    /// Adds bytes as they are, in the format the statement names.
    public mutating func write(bytes: [UInt8]) async throws(PostgresError) {
        writer.write(bytes)
        if writer.count >= Self.byteCountMax { try await flush() }
    }

    /// Sends what has gathered.
    public mutating func flush() async throws(PostgresError) {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        if let refusal = writer.refusal { throw PostgresError(.valueRefused, note: "a value of a COPY: \(refusal)") }
        guard writer.count > 0 else { return }
        try await session.writeCopy(writer)
        writer.removeAll()
    }

    /// Sends the rest, with the mark that ends rows in binary.
    mutating func finish() async throws(PostgresError) -> Int {
        if hasHeader { writer.write(Int16(-1)) }
        try await flush()
        isFinished = true
        return try await session.finishCopy()
    }

    /// The binary format begins with a signature, flags and the length of an extension (PostgreSQL manual, COPY).
    @usableFromInline
    mutating func writeHeader() {
        hasHeader = true
        writer.write(Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0])
        writer.write(Int32(0))
        writer.write(Int32(0))
    }

    @inlinable
    mutating func writeCell<Value: PostgresEncodable>(_ value: Value) {
        if value.isPostgresNull {
            writer.write(Int32(-1))
        } else {
            writer.writeWithLength { value.encode(into: &$0) }
        }
    }
}
