/// Appends canonical JSON to bytes: whole values, or records and lists member by member.
///
/// What is only ever written needs no tree of values. Whoever writes a record by hand names its members in the order of their
/// names' bytes, each once: that is what makes the text canonical, and nobody here sorts.
package struct CanonicalJSONWriter {
    package private(set) var bytes: [UInt8] = []
    /// Whether something of the same record or list stands before.
    private var needsComma = false

    /// - Parameter byteCount: how much there may be; more costs a copy.
    package init(byteCount: Int) {
        bytes.reserveCapacity(byteCount)
    }

    /// Begins another text behind those that are written; nothing stands between them.
    package mutating func beginText() {
        needsComma = false
    }

    // MARK: By hand

    package mutating func record(_ members: (inout Self) -> Void) {
        open(UInt8(ascii: "{"))
        members(&self)
        close(UInt8(ascii: "}"))
    }

    package mutating func list(_ elements: (inout Self) -> Void) {
        open(UInt8(ascii: "["))
        elements(&self)
        close(UInt8(ascii: "]"))
    }

    /// Names the member whose value is written next. The name must need no escape.
    package mutating func name(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        endName()
    }

    package mutating func name(_ name: String) {
        write(name)
        endName()
    }

    package mutating func write(_ number: Int64) {
        separate()
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = number.magnitude
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    package mutating func write(_ value: Bool) {
        write(word: value ? "true" : "false")
    }

    package mutating func write(_ identifier: Identifier) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Identifier.spelledByteCount) { text in
            identifier.spell(into: text)
            bytes.append(contentsOf: text)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// What needs no escape is copied in one piece: in most texts that is all of it.
    package mutating func write(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            var start = 0
            while true {
                let end = JSONEscapes.first(in: text, from: start)
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<end]))
                if end == text.count { break }
                JSONEscapes.append(text[end], to: &bytes)
                start = end + 1
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    // MARK: Values

    package mutating func write(_ value: Value) {
        switch value {
        case .null: write(word: "null")
        case .boolean(let value): write(value)
        case .integer(let value): write(value)
        case .string(let value): write(value)
        case .list(let values): list { json in for value in values { json.write(value) } }
        case .record(let record): write(record)
        }
    }

    package mutating func write(_ record: Record) {
        self.record { json in
            for member in record.members {
                json.name(member.name)
                json.write(member.value)
            }
        }
    }

    // MARK: Members

    package mutating func member(_ name: StaticString, _ value: String) {
        self.name(name)
        write(value)
    }

    package mutating func member(_ name: StaticString, _ value: Int64) {
        self.name(name)
        write(value)
    }

    package mutating func member(_ name: StaticString, _ value: Bool) {
        self.name(name)
        write(value)
    }

    package mutating func member(_ name: StaticString, _ value: Identifier) {
        self.name(name)
        write(value)
    }

    package mutating func member(_ name: StaticString, _ value: Value) {
        self.name(name)
        write(value)
    }

    package mutating func member(_ name: StaticString, _ value: Record) {
        self.name(name)
        write(value)
    }

    /// - Parameter write: writes one value.
    package mutating func member(_ name: StaticString, _ write: (inout Self) -> Void) {
        self.name(name)
        write(&self)
    }

    // MARK: Punctuation

    private mutating func write(word: StaticString) {
        separate()
        word.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func endName() {
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }
}

/// The characters of a string that JSON does not take as they are.
enum JSONEscapes {
    /// The place of the first byte from `start` on that needs an escape, or the end. Eight bytes at a look.
    static func first(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        if let base = UnsafeRawPointer(text.baseAddress) {
            while index + 8 <= text.count, !holdsAny(base.loadUnaligned(fromByteOffset: index, as: UInt64.self)) {
                index += 8
            }
        }
        while index < text.count, !isOne(text[index]) { index += 1 }
        return index
    }

    /// Whether any of the eight bytes needs an escape (Bit Twiddling Hacks, "Determine if a word has a byte less than n").
    private static func holdsAny(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ ones &* UInt64(UInt8(ascii: "\""))
        let backslashes = word ^ ones &* UInt64(UInt8(ascii: "\\"))
        let found =
            (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
        return found & (ones &* 0x80) != 0
    }

    private static func isOne(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case 0x08: bytes += "\\b".utf8
        case 0x09: bytes += "\\t".utf8
        case 0x0a: bytes += "\\n".utf8
        case 0x0c: bytes += "\\f".utf8
        case 0x0d: bytes += "\\r".utf8
        case 0..<0x20:
            bytes += "\\u00".utf8
            bytes += [Hexadecimal.digit(byte >> 4), Hexadecimal.digit(byte & 0xf)]
        default: bytes += [UInt8(ascii: "\\"), byte]
        }
    }
}

enum Hexadecimal {
    /// The character of a number below 16.
    static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    /// The number of a lower-case digit.
    static func value(ofDigit byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
