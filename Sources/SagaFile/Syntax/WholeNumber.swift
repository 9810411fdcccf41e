/// Whole numbers as files spell them.
package enum WholeNumber {
    /// Returns the number, or nil for anything but an optional minus and digits without a leading zero that fit 64 bits.
    package static func parse(_ text: String) -> Int64? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        if first == 48, digits.utf8.count > 1 || text != String(digits) { return nil }
        return Int64(text)
    }

    /// Tells a number that is spelled well and fits no 64 bits.
    static func isTooLarge(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        return digits.utf8.count >= 19 && digits.utf8.first != 48 && digits.utf8.allSatisfy { (48...57).contains($0) }
            && Int64(text) == nil
    }

    /// Tells a fraction or an exponent from a plain mistake, for a better message.
    static func looksLikeFloat(_ text: String) -> Bool {
        text.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
            && text.utf8.contains { ".eE".utf8.contains($0) } && Double(text) != nil
    }
}
