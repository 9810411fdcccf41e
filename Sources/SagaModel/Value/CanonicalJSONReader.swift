/// Reads JSON into a ``Value``: strict, bounded, without recursion deeper than its limit.
struct CanonicalJSONReader {
    private let bytes: [UInt8]
    private let depthMax: Int
    private var position = 0
    private var depth = 0

    init(bytes: [UInt8], depthMax: Int) {
        self.bytes = bytes
        self.depthMax = depthMax
    }

    mutating func readDocument() throws(CanonicalJSONError) -> Value {
        let value = try readValue()
        skipSpace()
        guard position == bytes.count else { throw error(.trailingBytes) }
        return value
    }

    private func error(_ code: CanonicalJSONError.Code) -> CanonicalJSONError {
        CanonicalJSONError(code, at: position)
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private func peek() throws(CanonicalJSONError) -> UInt8 {
        guard position < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[position]
    }

    /// Takes the byte if it stands here.
    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(CanonicalJSONError) {
        guard try peek() == byte else { throw error(.unexpectedByte) }
        position += 1
    }

    private mutating func readValue() throws(CanonicalJSONError) -> Value {
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try nested { reader throws(CanonicalJSONError) in try reader.readRecord() }
        case UInt8(ascii: "["): return try nested { reader throws(CanonicalJSONError) in try reader.readList() }
        case UInt8(ascii: "\""): return .string(try readText())
        case UInt8(ascii: "t"): return try readWord("true", .boolean(true))
        case UInt8(ascii: "f"): return try readWord("false", .boolean(false))
        case UInt8(ascii: "n"): return try readWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .integer(try readInteger())
        default: throw error(.unexpectedByte)
        }
    }

    private mutating func nested(
        _ body: (inout Self) throws(CanonicalJSONError) -> Value
    ) throws(CanonicalJSONError) -> Value {
        guard depth < depthMax else { throw error(.tooDeep) }
        depth += 1
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func readWord(_ word: StaticString, _ value: Value) throws(CanonicalJSONError) -> Value {
        for index in 0..<word.utf8CodeUnitCount { try expect(word.utf8Start[index]) }
        return value
    }

    private mutating func readList() throws(CanonicalJSONError) -> Value {
        var values: [Value] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .list(values) }
        repeat {
            values.append(try readValue())
            skipSpace()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return .list(values)
    }

    private mutating func readRecord() throws(CanonicalJSONError) -> Value {
        var record = Record()
        skipSpace()
        if take(UInt8(ascii: "}")) { return .record(record) }
        repeat {
            skipSpace()
            let start = position
            let name = try readText()
            let isInOrder = record.endsBelow(name)
            guard isInOrder || record[name] == nil else { throw CanonicalJSONError(.duplicateKey, at: start) }
            skipSpace()
            try expect(UInt8(ascii: ":"))
            let value = try readValue()
            if isInOrder { record.append(name, value) } else { record[name] = value }
            skipSpace()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
        return .record(record)
    }

    private mutating func readInteger() throws(CanonicalJSONError) -> Int64 {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        var value: Int64 = 0
        var digits = 0
        while position < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[position] {
            if digits > 0 && value == 0 { throw error(.unexpectedByte) }
            let digit = Int64(bytes[position] - UInt8(ascii: "0"))
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, secondOverflow) = product.subtractingReportingOverflow(digit)
            guard !overflow, !secondOverflow else { throw CanonicalJSONError(.integerTooLarge, at: start) }
            value = sum
            digits += 1
            position += 1
        }
        guard digits > 0 else { throw error(position == bytes.count ? .unexpectedEnd : .unexpectedByte) }
        if position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): throw error(.notAnInteger)
            default: break
            }
        }
        if isNegative {
            guard value != 0 else { throw CanonicalJSONError(.notAnInteger, at: start) }
            return value
        }
        guard value != .min else { throw CanonicalJSONError(.integerTooLarge, at: start) }
        return -value
    }

    private mutating func readText() throws(CanonicalJSONError) -> String {
        try expect(UInt8(ascii: "\""))
        let start = position
        while try peek() != UInt8(ascii: "\"") {
            guard bytes[position] >= 0x20 else { throw error(.unexpectedByte) }
            if bytes[position] == UInt8(ascii: "\\") { return try readEscapedText(from: start) }
            position += 1
        }
        guard let text = text(in: start..<position) else { throw CanonicalJSONError(.invalidText, at: start) }
        position += 1
        return text
    }

    /// The text of some bytes, or nil if they are no UTF-8.
    private func text(in range: Range<Int>) -> String? {
        guard let text = try? UTF8Span(validating: bytes.span.extracting(range)) else { return nil }
        return String(copying: text)
    }

    private mutating func readEscapedText(from start: Int) throws(CanonicalJSONError) -> String {
        var text = Array(bytes[start..<position])
        while try peek() != UInt8(ascii: "\"") {
            let byte = bytes[position]
            guard byte >= 0x20 else { throw error(.unexpectedByte) }
            position += 1
            if byte == UInt8(ascii: "\\") { text += try readEscape() } else { text.append(byte) }
        }
        position += 1
        guard let text = String(validating: text, as: UTF8.self) else {
            throw CanonicalJSONError(.invalidText, at: start)
        }
        return text
    }

    private mutating func readEscape() throws(CanonicalJSONError) -> [UInt8] {
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try readUnicodeEscape()
        default: throw CanonicalJSONError(.unexpectedByte, at: position - 1)
        }
    }

    private mutating func readUnicodeEscape() throws(CanonicalJSONError) -> [UInt8] {
        let start = position
        var number = try readHexadecimal()
        if (0xd800..<0xdc00).contains(number) {
            guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
                throw CanonicalJSONError(.invalidText, at: start)
            }
            let low = try readHexadecimal()
            guard (0xdc00..<0xe000).contains(low) else { throw CanonicalJSONError(.invalidText, at: start) }
            number = 0x10000 + (number - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(number) else { throw CanonicalJSONError(.invalidText, at: start) }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func readHexadecimal() throws(CanonicalJSONError) -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try peek())).hexDigitValue else { throw error(.unexpectedByte) }
            number = number << 4 | UInt32(digit)
            position += 1
        }
        return number
    }
}
