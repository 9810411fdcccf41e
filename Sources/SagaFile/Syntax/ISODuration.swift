/// Durations as ISO 8601 spells them, from milliseconds to days. Months and years have no fixed length and are refused.
package enum ISODuration {
    /// For editors; the parser below also refuses a designator without a number behind it.
    static let pattern = "^P(\\d+D)?(T(\\d+H)?(\\d+M)?(\\d+(\\.\\d{1,3})?S)?)?$"

    /// The longest duration, in days: a limit that keeps sums far from overflow.
    private static let dayCountMax = 3660

    /// Returns the duration, or nil for text of another form, a duration of zero or one of more than ten years.
    package static func parse(_ text: String) -> Duration? {
        var rest = Substring(text)
        guard text.utf8.count <= 32, rest.popFirst() == "P", !rest.isEmpty else { return nil }
        var milliseconds: Int64 = 0
        milliseconds += take("D", 86_400_000, from: &rest) ?? 0
        if rest.first == "T" {
            rest = rest.dropFirst()
            guard !rest.isEmpty else { return nil }
            milliseconds += take("H", 3_600_000, from: &rest) ?? 0
            milliseconds += take("M", 60_000, from: &rest) ?? 0
            milliseconds += takeSeconds(from: &rest) ?? 0
        }
        let longest = Int64(dayCountMax) * 86_400_000
        guard rest.isEmpty, milliseconds > 0, milliseconds <= longest else { return nil }
        return .milliseconds(milliseconds)
    }

    /// Spells a duration with the largest units that fit, rounded down to milliseconds.
    package static func spell(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        var text = seconds >= 86_400 ? "P\(seconds / 86_400)D" : "P"
        let rest = seconds % 86_400
        if rest == 0, milliseconds == 0, text != "P" { return text }
        text += "T"
        if rest >= 3600 { text += "\(rest / 3600)H" }
        if rest % 3600 >= 60 { text += "\(rest % 3600 / 60)M" }
        if milliseconds > 0 {
            let fraction = String(1000 + milliseconds).dropFirst()
            text += "\(rest % 60).\(fraction)S"
        } else if rest % 60 > 0 || text == "PT" {
            text += "\(rest % 60)S"
        }
        return text
    }

    private static func take(_ unit: Character, _ factor: Int64, from rest: inout Substring) -> Int64? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        // Nine digits of days stay within 64 bits of milliseconds.
        guard (1...9).contains(digits.count), let number = Int64(digits) else { return nil }
        let after = rest[digits.endIndex...]
        guard after.first == unit else { return nil }
        rest = after.dropFirst()
        return number * factor
    }

    private static func takeSeconds(from rest: inout Substring) -> Int64? {
        if let whole = take("S", 1000, from: &rest) { return whole }
        let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, (1...9).contains(parts[0].count), let seconds = Int64(parts[0]), seconds >= 0,
            parts[0].utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        let fraction = parts[1].prefix { $0.isASCII && $0.isNumber }
        guard (1...3).contains(fraction.count), parts[1][fraction.endIndex...] == "S",
            let thousandths = Int64(fraction + String(repeating: "0", count: 3 - fraction.count))
        else { return nil }
        rest = ""
        return seconds * 1000 + thousandths
    }
}
