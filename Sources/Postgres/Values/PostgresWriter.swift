import Glibc

/// The bytes of a statement's parameters, in the server's binary format (big-endian).
///
/// One block holds every parameter of a statement, so that binding a value costs no allocation of its own.
///
/// `@unchecked Sendable` is true because a block is changed only while one writer alone holds it.
public struct PostgresWriter: @unchecked Sendable {
    @usableFromInline var storage: ByteStorage?
    /// How many bytes the block holds. Kept here because asking the block costs an exclusivity check at every write.
    @usableFromInline var byteCapacity = 0
    /// Where the next byte goes, the head included.
    @usableFromInline var count = 0
    /// The first bytes of the block, which belong to its owner and not to the values.
    @usableFromInline var headByteCount = 0

    /// The first value that the server would not take, kept until the statement is sent because binding cannot throw.
    @usableFromInline var refusal: ValueRefusal?

    @inlinable
    init(headByteCount: Int = 0, byteCapacity: Int = 0) {
        if headByteCount &+ byteCapacity > 0 {
            self.byteCapacity = headByteCount &+ byteCapacity
            storage = .make(byteCount: self.byteCapacity)
        }
        self.headByteCount = headByteCount
        count = headByteCount
    }

    /// A place in the head.
    @inlinable
    @unsafe
    func place<Item: BitwiseCopyable>(ofHead index: Int, as type: Item.Type) -> UnsafeMutablePointer<Item> {
        unsafe storage!.start.assumingMemoryBound(to: Item.self) + index
    }

    @inlinable
    public mutating func write(_ value: some FixedWidthInteger & BitwiseCopyable) {
        let place = unsafe reserve(MemoryLayout.size(ofValue: value))
        unsafe place.storeBytes(of: value.bigEndian, as: type(of: value).self)
    }

    @inlinable
    public mutating func write(_ value: [UInt8]) {
        unsafe value.withUnsafeBytes { unsafe write(raw: $0) }
    }

    /// Writes text, which must not hold U+0000: the server has no way to store it.
    @inlinable
    public mutating func write(text: String) {
        var text = text
        text.withUTF8 { utf8 in unsafe write(text: UnsafeRawBufferPointer(utf8)) }
    }

    /// Writes text given as bytes, which must be valid UTF-8 without U+0000.
    public mutating func write(utf8: [UInt8]) {
        if (try? UTF8Span(validating: utf8.span)) == nil { refuse(.invalidUTF8) }
        unsafe utf8.withUnsafeBytes { unsafe write(text: $0) }
    }

    /// Marks the statement as one that must not be sent.
    public mutating func refuse(_ reason: ValueRefusal) {
        if refusal == nil { refusal = reason }
    }

    @usableFromInline
    mutating func write(text: UnsafeRawBufferPointer) {
        guard let start = text.baseAddress else { return }
        if unsafe memchr(start, 0, text.count) != nil { refuse(.nulInText) }
        unsafe write(raw: text)
    }

    @inlinable
    mutating func write(raw bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        unsafe reserve(bytes.count).copyMemory(from: start, byteCount: bytes.count)
    }

    /// Writes a four-byte length, then what `body` writes; the length is filled in afterwards.
    @inlinable
    mutating func writeWithLength(_ body: (inout PostgresWriter) -> Void) {
        let offset = count
        write(Int32(0))
        body(&self)
        patch(length: count &- offset &- 4, at: offset)
    }

    @inlinable
    mutating func patch(length: Int, at offset: Int) {
        guard let value = Int32(exactly: length) else { return refuse(.tooLarge(byteCount: length)) }
        patch(value, at: offset)
    }

    /// Changes what has been written at a place.
    @inlinable
    mutating func patch<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        unsafe storage!.start.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Value.self)
    }

    /// Makes room for this much more, so that writing it moves nothing.
    @inlinable
    mutating func makeRoom(_ byteCount: Int) {
        if byteCapacity &- count >= byteCount { return }
        grow(byteCount)
    }

    /// The place for the next bytes.
    @inlinable
    @unsafe
    mutating func reserve(_ byteCount: Int) -> UnsafeMutableRawPointer {
        if byteCapacity &- count < byteCount || !isKnownUniquelyReferenced(&storage) { grow(byteCount) }
        defer { count &+= byteCount }
        return unsafe storage!.start + count
    }

    @usableFromInline
    mutating func grow(_ byteCount: Int) {
        let needed = max(count + max(byteCount, 64), 2 * byteCapacity)
        storage = storage?.grown(keeping: count, toHold: needed) ?? .make(byteCount: needed)
        byteCapacity = needed
    }
}

extension PostgresWriter {
    /// Lends what has been written, without the head.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard let storage else { return unsafe body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return withExtendedLifetime(storage) {
            unsafe body(UnsafeRawBufferPointer(start: storage.start + headByteCount, count: count - headByteCount))
        }
    }

    /// A copy of what has been written.
    var bytes: [UInt8] { unsafe withBytes { unsafe Array($0) } }

    /// Forgets what has been written, keeping the memory where nobody else holds it.
    mutating func removeAll() {
        count = headByteCount
        if isKnownUniquelyReferenced(&storage) { return }
        storage = nil
        byteCapacity = 0
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
