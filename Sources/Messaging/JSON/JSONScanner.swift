/// Reads a text byte by byte, or eight at a time where it can.
///
/// The text is followed by zero bytes (see `JSONTape`). A zero stands for the end: no rule of JSON accepts it, so nothing is
/// read past the padding.
struct JSONScanner {
    let text: UnsafePointer<UInt8>
    let byteCount: Int
    var position = 0

    init(text: UnsafePointer<UInt8>, byteCount: Int) {
        self.text = text
        self.byteCount = byteCount
    }

    var isAtEnd: Bool { position >= byteCount }

    var current: UInt8 { text[position] }

    mutating func advance() {
        position += 1
    }

    mutating func skipWhitespace() {
        // Compact texts, the usual ones, have none.
        while text[position] <= 0x20 {
            switch text[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Passes over an expected text of at most eight bytes; false, without moving, if something else stands there.
    mutating func skip(_ expected: StaticString) -> Bool {
        for index in 0..<expected.utf8CodeUnitCount where text[position + index] != expected.utf8Start[index] {
            return false
        }
        position += expected.utf8CodeUnitCount
        return true
    }

    /// The fault for a byte that breaks the grammar, or for the end of the text where more had to come.
    func unexpected(_ message: StaticString) -> JSONFault {
        isAtEnd
            ? JSONFault(.unexpectedEnd, "the text ends too early", at: byteCount)
            : JSONFault(.syntax, message, at: position)
    }
}

extension JSONScanner {
    /// Passes over a number and tells whether it has neither fraction nor exponent.
    mutating func scanNumber() throws(JSONFault) -> Bool {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let first = current
        guard isDigit(first) else {
            position = start
            throw unexpected("this is no JSON value")
        }
        position += 1
        if first == UInt8(ascii: "0") {
            if isDigit(current) { throw unexpected("a number starts with a zero too many") }
        } else {
            skipDigits()
        }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try requireDigits()
        }
        if current | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try requireDigits()
        }
        return isInteger
    }

    private mutating func requireDigits() throws(JSONFault) {
        guard isDigit(current) else { throw unexpected("a number lacks a digit") }
        skipDigits()
    }

    private mutating func skipDigits() {
        while isDigit(current) { position += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10
    }
}
