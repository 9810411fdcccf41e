/// Writes the rows of a COPY to the server.
///
/// Rows gather in a buffer of bounded size; a write waits while the connection takes no more.
public final class CopyWriter {
    private let session: Session
    @usableFromInline var writer = PostgresWriter(byteCapacity: CopyWriter.byteCountMax + 4096)
    private var hasHeader = false
    /// The server has been told that no more comes.
    private(set) var isFinished = false

    /// How much gathers before it is sent.
    @usableFromInline static let byteCountMax = 64 * 1024

    init(session: Session) {
        self.session = session
    }

    /// Adds a row in binary; the statement must say `(FORMAT binary)`, and the values' types must be exactly the columns'.
    @inlinable
    public func write<each Value: PostgresEncodable>(_ values: repeat each Value) async throws(PostgresError) {
        beginRow(columnCount: Self.count(repeat each values))
        repeat writeCell(each values)
        if writer.bytes.count >= Self.byteCountMax { try await flush() }
    }

    /// Adds bytes as they are, in the format the statement names.
    public func write(bytes: [UInt8]) async throws(PostgresError) {
        writer.write(bytes)
        if writer.bytes.count >= Self.byteCountMax { try await flush() }
    }

    /// Sends what has gathered.
    public func flush() async throws(PostgresError) {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        if let refusal = writer.refusal { throw PostgresError(.valueRefused, note: "a value of a COPY: \(refusal)") }
        guard !writer.bytes.isEmpty else { return }
        let bytes = writer.bytes
        writer = PostgresWriter(byteCapacity: Self.byteCountMax + 4096)
        try await session.writeCopy(bytes)
    }

    /// Sends the rest, with the mark that ends rows in binary.
    func finish() async throws(PostgresError) -> Int {
        if hasHeader { writer.write(Int16(-1)) }
        try await flush()
        isFinished = true
        return try await session.finishCopy()
    }

    /// The binary format begins with a signature, flags and the length of an extension (PostgreSQL manual, COPY).
    @usableFromInline
    func beginRow(columnCount: Int) {
        if !hasHeader {
            hasHeader = true
            writer.write(Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0])
            writer.write(Int32(0))
            writer.write(Int32(0))
        }
        writer.write(Int16(truncatingIfNeeded: columnCount))
    }

    @inlinable
    func writeCell<Value: PostgresEncodable>(_ value: Value) {
        if value.isPostgresNull {
            writer.write(Int32(-1))
        } else {
            writer.writeWithLength { value.encode(into: &$0) }
        }
    }

    @inlinable
    static func count<each Value>(_ values: repeat each Value) -> Int {
        var count = 0
        for _ in repeat each values { count += 1 }
        return count
    }
}
