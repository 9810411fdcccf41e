/// The id of a whole trace: 16 bytes, shown as 32 hex digits, never all zero.
package struct TraceID: Hashable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    /// Makes an id, or nil from zeroes, which the specification reserves.
    package init?(high: UInt64, low: UInt64) {
        guard high != 0 || low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    /// Draws a random id.
    package init(using generator: inout some RandomNumberGenerator) {
        high = generator.next()
        low = generator.next() | 1
    }

    package var description: String { Hexadecimal.text(of: high) + Hexadecimal.text(of: low) }
}

/// The id of one span in a trace: 8 bytes, shown as 16 hex digits, never zero.
package struct SpanID: Hashable, Sendable, CustomStringConvertible {
    package let value: UInt64

    /// Makes an id, or nil from zero, which the specification reserves.
    package init?(_ value: UInt64) {
        guard value != 0 else { return nil }
        self.value = value
    }

    /// Draws a random id.
    package init(using generator: inout some RandomNumberGenerator) {
        value = generator.next() | 1
    }

    package var description: String { Hexadecimal.text(of: value) }
}

/// Lower-case hex digits, the only form trace headers allow.
enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    static func append(_ value: UInt64, digitCount: Int = 16, to bytes: inout [UInt8]) {
        for position in (0..<digitCount).reversed() {
            bytes.append(digits[Int(value >> UInt64(position * 4) & 0xF)])
        }
    }

    static func text(of value: UInt64) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The value of up to 16 lower-case digits, or nil if one is something else.
    static func value(of bytes: ArraySlice<UInt8>) -> UInt64? {
        var result: UInt64 = 0
        for byte in bytes {
            switch byte {
            case 0x30...0x39: result = result << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: result = result << 4 | UInt64(byte - 0x57)
            default: return nil
            }
        }
        return result
    }
}
