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
        String(unsafeUninitializedCapacity: Self.spelledByteCount) { text in
            spell(into: text)
            return Self.spelledByteCount
        }
    }

    /// Reads the 36 characters of a UUID in lower case; anything else is nil.
    package init?(_ description: String) {
        var description = description
        guard let identifier = description.withUTF8(Self.spelled) else { return nil }
        self = identifier
    }

    static let spelledByteCount = 36
    /// A bit for each place of a hyphen.
    private static let hyphens: UInt64 = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23

    /// - Precondition: there is room for ``spelledByteCount``.
    func spell(into text: UnsafeMutableBufferPointer<UInt8>) {
        precondition(text.count >= Self.spelledByteCount, "no room for an identifier")
        var rest = (high, low)
        for place in 0..<Self.spelledByteCount {
            if Self.hyphens & 1 << UInt64(place) != 0 {
                text[place] = UInt8(ascii: "-")
                continue
            }
            text[place] = Hexadecimal.digit(UInt8(truncatingIfNeeded: rest.0 >> 60))
            rest = (rest.0 << 4 | rest.1 >> 60, rest.1 << 4)
        }
    }

    private static func spelled(_ text: UnsafeBufferPointer<UInt8>) -> Identifier? {
        guard text.count == spelledByteCount else { return nil }
        var words: (high: UInt64, low: UInt64) = (0, 0)
        for place in 0..<spelledByteCount {
            if hyphens & 1 << UInt64(place) != 0 {
                guard text[place] == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Hexadecimal.value(ofDigit: text[place]) else { return nil }
            words = (words.high << 4 | words.low >> 60, words.low << 4 | UInt64(digit))
        }
        return Identifier(high: words.high, low: words.low)
    }
}
