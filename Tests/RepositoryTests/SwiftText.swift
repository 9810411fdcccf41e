/// Swift source taken apart into code, comments and string literals, so that a rule about code does not stumble over a
/// comment that names what it bans.
struct SwiftText: Sendable {
    enum Kind: UInt8, Sendable {
        case code
        case comment
        case literal
    }

    struct Literal: Equatable, Sendable {
        /// Counted from one.
        var line: Int
        /// As written, quotes and interpolations included.
        var text: String

        var isInterpolated: Bool { text.contains(#"\("#) || text.contains(##"\#("##) }
    }

    private let bytes: [UInt8]
    private var kinds: [Kind]
    private var index = 0
    private(set) var literals: [Literal] = []
    /// The lines with comments and literals blanked out.
    private(set) var code: [String] = []

    init(_ text: String) {
        bytes = Array(text.utf8)
        kinds = Array(repeating: .code, count: bytes.count)
        scanCode(endingAtParenthesis: false)
        code = lines(of: .code)
    }

    /// The lines with everything that is not of `kind` blanked out.
    func lines(of kind: Kind) -> [String] {
        let shown = zip(bytes, kinds).map { byte, own in own == kind || byte == newline ? byte : space }
        return String(decoding: shown, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
    }

    private let newline = UInt8(ascii: "\n")
    private let space = UInt8(ascii: " ")

    // MARK: Scanning

    private mutating func scanCode(endingAtParenthesis: Bool) {
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "/") where starts("//"):
                while index < bytes.count && bytes[index] != newline { take(.comment) }
            case UInt8(ascii: "/") where starts("/*"):
                scanBlockComment()
            case UInt8(ascii: "\""), UInt8(ascii: "#"):
                if let hashes = hashCountOfLiteral() { scanLiteral(hashes: hashes) } else { take(.code) }
            case UInt8(ascii: "("):
                depth += 1
                take(.code)
            case UInt8(ascii: ")"):
                if depth == 0 && endingAtParenthesis { return }
                depth -= 1
                take(.code)
            default: take(.code)
            }
        }
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                take(.comment)
            } else if starts("*/") {
                depth -= 1
                take(.comment)
            }
            take(.comment)
        } while depth > 0 && index < bytes.count
    }

    /// The number of `#` before a quote at the index, or nil when no literal starts here.
    private func hashCountOfLiteral() -> Int? {
        var end = index
        while end < bytes.count && bytes[end] == UInt8(ascii: "#") { end += 1 }
        return end < bytes.count && bytes[end] == UInt8(ascii: "\"") ? end - index : nil
    }

    private mutating func scanLiteral(hashes: Int) {
        let start = index
        let fence = String(repeating: "#", count: hashes)
        take(.literal, count: hashes)
        let quote = starts(#"""""#) ? #"""""# : #"""#
        take(.literal, count: quote.utf8.count)
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\"") where starts(quote + fence):
                take(.literal, count: quote.utf8.count + hashes)
                return keepLiteral(from: start)
            case UInt8(ascii: "\\") where starts("\\" + fence + "("):
                take(.literal, count: hashes + 2)
                scanCode(endingAtParenthesis: true)
                take(.literal)
            case UInt8(ascii: "\\") where starts("\\" + fence):
                take(.literal, count: hashes + 2)
            default: take(.literal)
            }
        }
    }

    private mutating func keepLiteral(from start: Int) {
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        let line = 1 + bytes[..<start].count { $0 == newline }
        literals.append(Literal(line: line, text: text))
    }

    private func starts(_ text: String) -> Bool {
        var at = index
        for byte in text.utf8 {
            guard at < bytes.count, bytes[at] == byte else { return false }
            at += 1
        }
        return true
    }

    private mutating func take(_ kind: Kind, count: Int = 1) {
        for _ in 0..<count where index < bytes.count {
            kinds[index] = kind
            index += 1
        }
    }
}
