/// The bytes of a statement's parameters, in the server's binary format (big-endian).
///
/// One buffer holds every parameter of a statement, so that binding a value costs no allocation of its own.
public struct PostgresWriter: Sendable {
    @usableFromInline
    var bytes: [UInt8]

    /// The first value that the server would not take, kept until the statement is sent because binding cannot throw.
    @usableFromInline
    var refusal: ValueRefusal?

    @usableFromInline
    init(byteCapacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(byteCapacity)
    }

    @inlinable
    public mutating func write(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    @inlinable
    public mutating func write(_ value: [UInt8]) {
        bytes.append(contentsOf: value)
    }

    /// Writes text, which must not hold U+0000: the server has no way to store it.
    @inlinable
    public mutating func write(text: String) {
        var text = text
        let start = bytes.count
        text.withUTF8 { utf8 in unsafe bytes.append(contentsOf: utf8) }
        if unsafe bytes.withUnsafeBytes({ unsafe holdsNUL($0, from: start) }) { refuse(.nulInText) }
    }

    /// Writes text given as bytes, which must be valid UTF-8 without U+0000.
    @inlinable
    public mutating func write(utf8: [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: utf8)
        if unsafe bytes.withUnsafeBytes({ unsafe holdsNUL($0, from: start) }) { refuse(.nulInText) }
        if !isValidUTF8(utf8) { refuse(.invalidUTF8) }
    }

    /// Marks the statement as one that must not be sent.
    @inlinable
    public mutating func refuse(_ reason: ValueRefusal) {
        if refusal == nil { refusal = reason }
    }

    /// Writes a four-byte length, then what `body` writes; the length is filled in afterwards.
    @inlinable
    mutating func writeWithLength(_ body: (inout PostgresWriter) -> Void) {
        let lengthOffset = bytes.count
        write(Int32(0))
        body(&self)
        let count = bytes.count - lengthOffset - 4
        guard let length = Int32(exactly: count) else { return refuse(.tooLarge(byteCount: count)) }
        patch(length, at: lengthOffset)
    }

    @inlinable
    mutating func patch(_ value: Int32, at offset: Int) {
        unsafe bytes.withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Int32.self)
        }
    }
}

/// Why a value cannot be sent to the server.
public enum ValueRefusal: Hashable, Sendable {
    /// Text holds U+0000, which Postgres cannot store.
    case nulInText
    /// Bytes given as text are not valid UTF-8.
    case invalidUTF8
    /// The value is larger than the limit in force.
    case tooLarge(byteCount: Int)
}
