/// Whole numbers as files spell them.
package enum WholeNumber {
    /// Returns the number, or nil for anything but an optional minus and digits without a leading zero that fit 64 bits.
    package static func parse(_ text: String) -> Int64? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        if first == 48, digits.utf8.count > 1 || text != String(digits) { return nil }
        return Int64(text)
    }

    /// Tells a fraction or an exponent from a plain mistake, for a better message.
    static func looksLikeFloat(_ text: String) -> Bool {
        text.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) } && Double(text) != nil
    }
}
