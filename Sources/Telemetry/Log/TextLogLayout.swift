/// A record for a person at a terminal: `10:20:30.123 INFO  message  name=value name=value`.
struct TextLogLayout {
    let isColored: Bool

    func append(_ record: LogRecord, to bytes: inout [UInt8]) {
        let time = RFC3339.text(milliseconds: record.milliseconds)
        append(colored: String(time.dropFirst(11).dropLast()), "2", to: &bytes)
        bytes.append(UInt8(ascii: " "))
        let level = record.level.name.uppercased()
        append(colored: level + String(repeating: " ", count: 7 - level.utf8.count), color(record.level), to: &bytes)
        bytes.append(UInt8(ascii: " "))
        appendVisible(LogText.presentable(record.message), to: &bytes)
        for field in record.fields.fields {
            bytes.append(contentsOf: "  ".utf8)
            append(colored: visible(field.name) + "=", "2", to: &bytes)
            append(LogText.presentable(field.value, named: field.name), to: &bytes)
        }
    }

    private func append(_ value: LogValue, to bytes: inout [UInt8]) {
        switch value {
        case .string(let text):
            let isPlain = !text.isEmpty && !text.utf8.contains { $0 == 0x20 || $0 == UInt8(ascii: "\"") }
            appendVisible(isPlain ? text : "\"" + text + "\"", to: &bytes)
        case .integer(let integer): bytes.append(contentsOf: String(integer).utf8)
        case .number(let number): bytes.append(contentsOf: "\(number)".utf8)
        case .boolean(let flag): bytes.append(contentsOf: "\(flag)".utf8)
        }
    }

    private func append(colored text: String, _ code: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: (isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text).utf8)
    }

    private func color(_ level: LogLevel) -> String {
        switch level {
        case .trace, .debug: "2"
        case .info: "32"
        case .warning: "33"
        case .error: "31"
        }
    }

    private func appendVisible(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: visible(text).utf8)
    }

    /// The text with what a terminal would obey (escape sequences, newlines, C1 controls) made visible.
    private func visible(_ text: String) -> String {
        let obeys: (Unicode.Scalar) -> Bool = { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        guard text.unicodeScalars.contains(where: obeys) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where obeys(scalar): result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
