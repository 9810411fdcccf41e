/// Numbers between their text and their type, without rounding an integer and without ever trapping.
enum JSONNumber {
    /// The integer of checked digits, or nil if it does not fit.
    static func integer<Integer: FixedWidthInteger & SendableMetatype>(_ digits: UnsafeBufferPointer<UInt8>) -> Integer?
    {
        var rest = digits[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        if rest.count <= 18 {
            var value: Int64 = 0
            for byte in rest { value = value &* 10 &+ Int64(byte &- 0x30) }
            return Integer(exactly: isNegative ? -value : value)
        }
        var value: Integer = 0
        for byte in rest {
            let (product, hasOverflown) = value.multipliedReportingOverflow(by: 10)
            let digit = Integer(truncatingIfNeeded: byte &- 0x30)
            let (sum, hasOverflownToo) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if hasOverflown || hasOverflownToo { return nil }
            value = sum
        }
        return value
    }

    /// The nearest double of a checked number, or nil if it is too large for one.
    static func double(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        if let exact = smallDouble(text) { return exact }
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// The double of a number of few digits: both the digits and the power of ten are exact, so one division rounds once.
    private static func smallDouble(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard text.count <= 16 else { return nil }
        var digits: Int64 = 0
        var fractionDigitCount = 0
        var isPastPoint = false
        for byte in text {
            switch byte {
            case 0x30...0x39:
                digits = digits * 10 + Int64(byte - 0x30)
                if isPastPoint { fractionDigitCount += 1 }
            case UInt8(ascii: "."): isPastPoint = true
            case UInt8(ascii: "-"): break
            default: return nil
            }
        }
        guard digits < 1 << 53 else { return nil }
        let magnitude = Double(digits) / powersOfTen[fractionDigitCount]
        return text.first == UInt8(ascii: "-") ? -magnitude : magnitude
    }
}
