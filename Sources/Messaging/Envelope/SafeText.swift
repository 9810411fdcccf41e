import Telemetry

/// Text from anywhere made fit to travel in a header and to be shown.
enum SafeText {
    /// One line without control characters, cut at a character so that it has at most so many bytes.
    static func line(_ text: String, byteCountMax: Int) -> String {
        var result = ""
        var byteCount = 0
        for scalar in text.unicodeScalars {
            let shown: Unicode.Scalar = isControl(scalar) ? " " : scalar
            byteCount += UTF8.width(shown)
            if byteCount > byteCountMax { break }
            result.unicodeScalars.append(shown)
        }
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}

/// Times as they stand in headers.
public enum UnixTime {
    /// `2026-01-05T10:20:30.123Z`
    public static func text(milliseconds: Int64) -> String { RFC3339.text(milliseconds: milliseconds) }

    /// Milliseconds since 1970, or nil if the text is no RFC 3339 time.
    public static func milliseconds(_ text: String) -> Int64? { RFC3339.milliseconds(text) }
}
