/// A record as one JSON object: `time`, `level`, `msg`, then the fields in their order.
enum JSONLogLayout {
    static func append(_ record: LogRecord, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"time":""#.utf8)
        RFC3339.append(milliseconds: record.milliseconds, to: &bytes)
        bytes.append(contentsOf: #"","level":""#.utf8)
        bytes.append(contentsOf: record.level.name.utf8)
        bytes.append(contentsOf: #"","msg":"#.utf8)
        appendString(LogText.presentable(record.message), to: &bytes)
        for field in record.fields.fields {
            bytes.append(UInt8(ascii: ","))
            appendString(field.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            append(LogText.presentable(field.value, named: field.name), to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func append(_ value: LogValue, to bytes: inout [UInt8]) {
        switch value {
        case .string(let text): appendString(text, to: &bytes)
        case .integer(let integer): bytes.append(contentsOf: String(integer).utf8)
        case .boolean(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .number(let number):
            // JSON has no NaN or infinity; as text they still tell what happened.
            if number.isFinite {
                bytes.append(contentsOf: "\(number)".utf8)
            } else {
                appendString("\(number)", to: &bytes)
            }
        }
    }

    /// Writes a JSON string; control characters, DEL and the C1 range, which a terminal may obey, are escaped.
    private static func appendString(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: bytes.append(contentsOf: #"\""#.utf8)
            case 0x5C: bytes.append(contentsOf: #"\\"#.utf8)
            case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
            case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
            case 0x00..<0x20, 0x7F...0x9F, 0x2028, 0x2029:
                bytes.append(contentsOf: #"\u"#.utf8)
                Hexadecimal.append(UInt64(scalar.value), digitCount: 4, to: &bytes)
            default: bytes.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
