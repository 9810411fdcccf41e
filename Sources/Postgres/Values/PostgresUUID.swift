/// A 16-byte identifier, the server's `uuid`.
///
/// Two integers instead of a tuple of bytes: comparing and hashing cost two words.
public struct PostgresUUID: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The sixteen bytes in the order they are written.
    @inlinable
    public init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(span: unsafe bytes.span.bytes)
    }

    @inlinable
    init(span: RawSpan) {
        high = span.bigEndianInteger(at: 0, as: UInt64.self)
        low = span.bigEndianInteger(at: 8, as: UInt64.self)
    }
}

extension PostgresUUID: Comparable {
    /// Orders as the server does: byte by byte.
    @inlinable
    public static func < (left: PostgresUUID, right: PostgresUUID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension PostgresUUID: LosslessStringConvertible {
    /// Reads `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` in either case; anything else is nil.
    public init?(_ text: String) {
        var digits: (high: UInt64, low: UInt64) = (0, 0)
        var digitCount = 0
        var position = 0
        for byte in text.utf8 {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = Self.hexValue(byte) else { return nil }
                if digitCount < 16 {
                    digits.high = digits.high << 4 | digit
                } else {
                    digits.low = digits.low << 4 | digit
                }
                digitCount += 1
            }
            position += 1
        }
        guard position == 36, digitCount == 32 else { return nil }
        self.init(high: digits.high, low: digits.low)
    }

    public var description: String {
        unsafe String(unsafeUninitializedCapacity: 36) { buffer in
            var place = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    unsafe buffer[place] = UInt8(ascii: "-")
                    place += 1
                }
                let word = nibble < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (nibble & 15))) & 15
                unsafe buffer[place] = digit < 10 ? 48 + digit : 87 + digit
                place += 1
            }
            return place
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 48...57: UInt64(byte - 48)
        case 97...102: UInt64(byte - 87)
        case 65...70: UInt64(byte - 55)
        default: nil
        }
    }
}

extension PostgresUUID: PostgresArrayElement {
    @inlinable public static var postgresType: PostgresType { .uuid }
    @inlinable public static var postgresArrayType: PostgresType { .uuidArray }

    @inlinable
    public func encode(into writer: inout PostgresWriter) {
        writer.write(high)
        writer.write(low)
    }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        guard type == .uuid else { throw .typeMismatch }
        guard bytes.byteCount == 16 else { throw .malformed }
        self.init(span: bytes)
    }
}
