/// A value that never shows itself: not in a log, not in an interpolation, not in a debugger's mirror.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The value itself, for the one place that must use it.
    package let revealed: String

    package init(_ value: String) { revealed = value }

    package var description: String { Redaction.placeholder }
    package var debugDescription: String { Redaction.placeholder }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The last guard before a line is written: what looks like a secret is hidden, whoever passed it.
enum Redaction {
    static let placeholder = "[redacted]"

    private static let secretNames = [
        "password", "passwd", "secret", "token", "authorization", "cookie", "credential", "api_key", "apikey",
        "private_key", "card_number", "cvv",
    ]

    /// Whether a field of this name is hidden whatever it holds.
    static func hides(fieldNamed name: String) -> Bool {
        let lowered = name.lowercased()
        return secretNames.contains { contains(lowered.utf8, $0.utf8) }
    }

    /// The text with the password of every `scheme://user:password@host` hidden.
    static func withoutPasswords(_ text: String) -> String {
        guard contains(text.utf8, "://".utf8) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            if let password = password(in: bytes, after: position) {
                result.append(contentsOf: bytes[position..<password.lowerBound])
                result.append(contentsOf: placeholder.utf8)
                position = password.upperBound
            } else {
                result.append(contentsOf: bytes[position...])
                position = bytes.count
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The range of the first password at or after a position.
    private static func password(in bytes: [UInt8], after start: Int) -> Range<Int>? {
        var position = start
        while let authority = authorityStart(in: bytes, after: position) {
            let end = bytes[authority...].firstIndex(where: endsAuthority) ?? bytes.count
            if let at = bytes[authority..<end].lastIndex(of: UInt8(ascii: "@")),
                let colon = bytes[authority..<at].firstIndex(of: UInt8(ascii: ":"))
            {
                return colon + 1..<at
            }
            position = authority
        }
        return nil
    }

    private static func authorityStart(in bytes: [UInt8], after start: Int) -> Int? {
        guard bytes.count >= start + 3 else { return nil }
        return (start...bytes.count - 3).first {
            bytes[$0] == UInt8(ascii: ":") && bytes[$0 + 1] == UInt8(ascii: "/") && bytes[$0 + 2] == UInt8(ascii: "/")
        }.map { $0 + 3 }
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }

    private static func contains(_ text: String.UTF8View, _ part: String.UTF8View) -> Bool {
        let wanted = Array(part)
        var matched = 0
        for byte in text {
            if byte == wanted[matched] {
                matched += 1
                if matched == wanted.count { return true }
            } else {
                matched = byte == wanted[0] ? 1 : 0
            }
        }
        return false
    }
}
