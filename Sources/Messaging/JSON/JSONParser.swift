/// Checks a text from end to end and lays it out as tokens.
///
/// Everything RFC 8259 demands is checked here, also in fields nobody reads: a half-broken message is a broken one.
struct JSONParser: ~Copyable {
    private(set) var tape: JSONTape
    private var scanner: JSONScanner
    private let depthMax: Int

    init(_ bytes: [UInt8], depthMax: Int) {
        tape = JSONTape(bytes)
        scanner = JSONScanner(text: tape.text, byteCount: tape.byteCount)
        self.depthMax = depthMax
    }

    /// Gives the tape away once the text is parsed.
    consuming func finish() -> JSONTape { tape }

    mutating func parse() throws(JSONFault) {
        scanner.skipWhitespace()
        guard !scanner.isAtEnd else { throw JSONFault(.empty, "there is no value", at: scanner.position) }
        try parseValue(depth: 0)
        scanner.skipWhitespace()
        guard scanner.isAtEnd else {
            throw JSONFault(.trailingBytes, "something follows the value", at: scanner.position)
        }
    }

    private mutating func parseValue(depth: Int) throws(JSONFault) {
        switch scanner.current {
        case UInt8(ascii: "\""): try parseString(.string)
        case UInt8(ascii: "{"): try parseObject(depth: depth + 1)
        case UInt8(ascii: "["): try parseArray(depth: depth + 1)
        case UInt8(ascii: "t"): try parseLiteral("true", .isTrue)
        case UInt8(ascii: "f"): try parseLiteral("false", .isFalse)
        case UInt8(ascii: "n"): try parseLiteral("null", .null)
        default: try parseNumber()
        }
    }

    private mutating func parseString(_ kind: JSONToken.Kind) throws(JSONFault) {
        let scanned = try scanner.scanString()
        tape.append(
            JSONToken(
                kind: kind, hasEscapes: scanned.hasEscapes, start: UInt32(truncatingIfNeeded: scanned.start),
                length: UInt32(truncatingIfNeeded: scanned.length),
                next: kind == .key ? scanned.hash : UInt32(truncatingIfNeeded: tape.count + 1)))
    }

    private mutating func parseLiteral(_ text: StaticString, _ kind: JSONToken.Kind) throws(JSONFault) {
        let start = scanner.position
        guard scanner.skip(text) else { throw JSONFault(.syntax, "this is no JSON value", at: start) }
        append(kind, start: start)
    }

    private mutating func parseNumber() throws(JSONFault) {
        let start = scanner.position
        let isInteger = try scanner.scanNumber()
        append(isInteger ? .integer : .fraction, start: start)
    }

    private mutating func append(_ kind: JSONToken.Kind, start: Int) {
        let length = UInt32(scanner.position - start)
        tape.append(JSONToken(kind: kind, start: UInt32(start), length: length, next: UInt32(tape.count + 1)))
    }

    private mutating func open(_ kind: JSONToken.Kind, depth: Int) throws(JSONFault) -> Int {
        guard depth <= depthMax else { throw JSONFault(.tooDeep, "the nesting is too deep", at: scanner.position) }
        let index = tape.count
        tape.append(JSONToken(kind: kind, start: UInt32(scanner.position), length: 0, hint: UInt32(index + 1)))
        scanner.advance()
        scanner.skipWhitespace()
        return index
    }

    private mutating func close(_ container: Int, count: UInt32) {
        scanner.advance()
        tape[container].length = count
        tape[container].next = UInt32(tape.count)
    }

    private mutating func parseArray(depth: Int) throws(JSONFault) {
        let array = try open(.array, depth: depth)
        var count: UInt32 = 0
        while scanner.current != UInt8(ascii: "]") {
            if count > 0 { try parseComma(before: "]") }
            try parseValue(depth: depth)
            count += 1
            scanner.skipWhitespace()
        }
        close(array, count: count)
    }

    private mutating func parseObject(depth: Int) throws(JSONFault) {
        let object = try open(.object, depth: depth)
        var count: UInt32 = 0
        while scanner.current != UInt8(ascii: "}") {
            if count > 0 { try parseComma(before: "}") }
            guard scanner.current == UInt8(ascii: "\"") else {
                throw scanner.unexpected("a field needs a name in quotes")
            }
            try parseString(.key)
            scanner.skipWhitespace()
            guard scanner.current == UInt8(ascii: ":") else { throw scanner.unexpected("a colon is missing") }
            scanner.advance()
            scanner.skipWhitespace()
            try parseValue(depth: depth)
            count += 1
            scanner.skipWhitespace()
        }
        close(object, count: count)
        try refuseDuplicates(in: object)
    }

    private mutating func parseComma(before end: StaticString) throws(JSONFault) {
        guard scanner.current == UInt8(ascii: ",") else { throw scanner.unexpected("a comma or the end is missing") }
        scanner.advance()
        scanner.skipWhitespace()
        if scanner.current == end.utf8Start.pointee { throw scanner.unexpected("a comma stands before the end") }
    }
}
