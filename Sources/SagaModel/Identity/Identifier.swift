/// A 128-bit identifier in the shape of a UUIDv7: of a saga, or of a request.
package struct Identifier: Sendable, Hashable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// No identifier; stands where a request has not been sent yet.
    package static let none = Identifier(high: 0, low: 0)

    /// Shapes 74 bits of `entropy` and a time into a UUIDv7 (RFC 9562, section 5.7).
    ///
    /// - Parameter milliseconds: since 1970; only the low 48 bits are kept.
    package init(milliseconds: Int64, entropy: (UInt64, UInt64)) {
        let time = UInt64(bitPattern: milliseconds) << 16
        high = time | 0x7000 | (entropy.0 & 0x0fff)
        low = 0x8000_0000_0000_0000 | (entropy.1 >> 2)
    }

    /// The time inside, in milliseconds since 1970.
    package var milliseconds: Int64 { Int64(high >> 16) }
}

extension Identifier: CustomStringConvertible, LosslessStringConvertible {
    /// The 36 characters of a UUID in lower case.
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { text in
            var position = 0
            for digit in 0..<32 {
                if [8, 12, 16, 20].contains(digit) {
                    text[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = digit < 16 ? high : low
                let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (digit % 16))) & 0xf
                text[position] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
                position += 1
            }
            return position
        }
    }

    /// Reads the 36 characters of a UUID in lower case; anything else is nil.
    package init?(_ description: String) {
        var words: [UInt64] = [0, 0]
        var digits = 0
        for (position, byte) in description.utf8.enumerated() {
            if [8, 13, 18, 23].contains(position) {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard digits < 32, let value = Self.value(ofHexDigit: byte) else { return nil }
            words[digits / 16] = words[digits / 16] << 4 | value
            digits += 1
        }
        guard digits == 32 else { return nil }
        self.init(high: words[0], low: words[1])
    }

    private static func value(ofHexDigit byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        default: nil
        }
    }
}
