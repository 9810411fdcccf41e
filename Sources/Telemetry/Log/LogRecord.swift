/// One thing worth telling, before it is laid out as a line.
package struct LogRecord: Sendable {
    package var milliseconds: Int64
    package var level: LogLevel
    package var message: String
    package var fields: LogFields

    package init(milliseconds: Int64, level: LogLevel, message: String, fields: LogFields) {
        self.milliseconds = milliseconds
        self.level = level
        self.message = message
        self.fields = fields
    }
}

/// How a record becomes a line.
package enum LogFormat: Sendable, Equatable {
    /// One JSON object, for machines.
    case json
    /// Aligned text, for people at a terminal.
    case text(isColored: Bool)

    /// The bytes of one line with its newline; the only newline in it is the last byte.
    package func line(_ record: LogRecord) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        switch self {
        case .json: JSONLogLayout.append(record, to: &bytes)
        case .text(let isColored): TextLogLayout(isColored: isColored).append(record, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}

/// What every layout does to a value before it is written.
enum LogText {
    /// A longer message or value is cut, so that one line can never grow with what a stranger sent.
    static let byteCountMax = 4096

    static func presentable(_ text: String) -> String {
        Redaction.withoutPasswords(cut(text))
    }

    static func presentable(_ value: LogValue, named name: String) -> LogValue {
        if Redaction.hides(fieldNamed: name) { return .string(Redaction.placeholder) }
        guard case .string(let text) = value else { return value }
        return .string(presentable(text))
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > byteCountMax else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: byteCountMax)
        while end > text.startIndex, String.Index(end, within: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return String(text[..<end]) + "… (\(text.utf8.count) bytes)"
    }
}
