import SagaModel

/// Reads the spelling of a condition: `or` binds weakest, then `and`, then `not`.
///
/// ```
/// any        = all { "or" all }
/// all        = one { "and" one }
/// one        = "not" one | "(" any ")" | "exists" path | comparison
/// comparison = operand ( ("==" | "!=" | "<" | "<=" | ">" | ">=") operand | ["not"] "in" "[" operand { "," operand } "]" )
/// operand    = path | word | number | 'text' | "true" | "false" | "null"
/// ```
struct ConditionParser {
    struct Fault: Error {
        let mark: Mark
        let code: DiagnosticCode
        let message: String
    }

    private enum Token {
        case word(Located<String>)
        case literal(Located<Value>)
        case symbol(Located<String>)

        var mark: Mark {
            switch self {
            case .word(let word): word.mark
            case .literal(let literal): literal.mark
            case .symbol(let symbol): symbol.mark
            }
        }
    }

    private static let depthMax = 16
    private static let tokenCountMax = 500
    private static let keywords: Set<String> = ["and", "or", "not", "in", "exists"]

    private let tokens: [Token]
    private let end: Mark
    private var index = 0

    private init(_ text: Located<String>) throws(Fault) {
        (tokens, end) = try Self.tokens(of: text)
    }

    static func parse(_ text: Located<String>) -> Result<ConditionDraft, Fault> {
        do throws(Fault) {
            var parser = try ConditionParser(text)
            let condition = try parser.any(depth: 0)
            if let extra = parser.peek {
                throw Fault(mark: extra.mark, code: .badCondition, message: "nothing may follow the condition here")
            }
            return .success(condition)
        } catch {
            return .failure(error)
        }
    }
}

// MARK: Grammar

extension ConditionParser {
    private var peek: Token? { index < tokens.count ? tokens[index] : nil }

    private func fault(_ message: String) -> Fault {
        Fault(mark: peek?.mark ?? end, code: .badCondition, message: message)
    }

    private mutating func take(keyword: String) -> Bool {
        guard case .word(let word)? = peek, word.value == keyword else { return false }
        index += 1
        return true
    }

    private mutating func take(symbol: String) -> Bool {
        guard case .symbol(let found)? = peek, found.value == symbol else { return false }
        index += 1
        return true
    }

    private mutating func any(depth: Int) throws(Fault) -> ConditionDraft {
        var parts = [try all(depth: depth)]
        while take(keyword: "or") { parts.append(try all(depth: depth)) }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func all(depth: Int) throws(Fault) -> ConditionDraft {
        var parts = [try one(depth: depth)]
        while take(keyword: "and") { parts.append(try one(depth: depth)) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func one(depth: Int) throws(Fault) -> ConditionDraft {
        guard depth < Self.depthMax else { throw fault("the condition is nested more than \(Self.depthMax) deep") }
        if take(keyword: "not") { return .not(try one(depth: depth + 1)) }
        if take(keyword: "exists") { return .exists(try operand()) }
        if take(symbol: "(") {
            let inner = try any(depth: depth + 1)
            guard take(symbol: ")") else { throw fault("`)` is expected") }
            return inner
        }
        return try comparison()
    }

    private mutating func comparison() throws(Fault) -> ConditionDraft {
        let left = try operand()
        if take(keyword: "in") { return .among(left, try list()) }
        if take(keyword: "not") {
            guard take(keyword: "in") else { throw fault("`in` is expected after `not`") }
            return .not(.among(left, try list()))
        }
        for comparison in ConditionDraft.Operator.allCases where take(symbol: comparison.rawValue) {
            return .compare(left, comparison, try operand())
        }
        throw fault("a comparison is expected: `==`, `!=`, `<`, `<=`, `>`, `>=` or `in`")
    }

    private mutating func list() throws(Fault) -> [ConditionDraft.Operand] {
        guard take(symbol: "[") else { throw fault("`[` is expected after `in`") }
        var items: [ConditionDraft.Operand] = []
        repeat { items.append(try operand()) } while take(symbol: ",")
        guard take(symbol: "]") else { throw fault("`]` is expected") }
        return items
    }

    private mutating func operand() throws(Fault) -> ConditionDraft.Operand {
        switch peek {
        case .literal(let literal)?:
            index += 1
            return .literal(literal)
        case .word(let word)? where !Self.keywords.contains(word.value):
            index += 1
            return .word(word)
        case .word, .symbol, nil: throw fault("a path or a literal is expected")
        }
    }
}

// MARK: Words

extension ConditionParser {
    private static func tokens(of text: Located<String>) throws(Fault) -> ([Token], end: Mark) {
        var scanner = WordScanner(text)
        var tokens: [Token] = []
        scanner.skipSpaces()
        while !scanner.isAtEnd {
            guard tokens.count < tokenCountMax else {
                throw Fault(mark: scanner.mark, code: .badCondition, message: "the condition is too long")
            }
            tokens.append(try token(&scanner))
            scanner.skipSpaces()
        }
        return (tokens, scanner.mark)
    }

    private static func token(_ scanner: inout WordScanner) throws(Fault) -> Token {
        let mark = scanner.mark
        if scanner.take("'") { return .literal(Located(.string(try quoted(&scanner, from: mark)), at: mark)) }
        for comparison in ConditionDraft.Operator.allCases where scanner.take(text: comparison.rawValue) {
            return .symbol(Located(comparison.rawValue, at: mark))
        }
        for symbol in ["(", ")", "[", "]", ","] where scanner.take(text: symbol) {
            return .symbol(Located(symbol, at: mark))
        }
        let word = scanner.takeName()
        if word.value.isEmpty {
            let shown = scanner.peek.map { String(Character($0)) } ?? ""
            throw Fault(mark: mark, code: .badCondition, message: "`\(shown)` has no meaning in a condition")
        }
        if let number = WholeNumber.parse(word.value) { return .literal(Located(.integer(number), at: mark)) }
        if WholeNumber.looksLikeFloat(word.value) {
            throw Fault(mark: mark, code: .fractionRefused, message: "`\(word.value)` has a fraction")
        }
        switch word.value {
        case "true": return .literal(Located(.boolean(true), at: mark))
        case "false": return .literal(Located(.boolean(false), at: mark))
        case "null": return .literal(Located(.null, at: mark))
        default: return .word(word)
        }
    }

    /// Reads up to the closing quote; two quotes in a row stand for one, as in YAML and SQL.
    private static func quoted(_ scanner: inout WordScanner, from mark: Mark) throws(Fault) -> String {
        var text = ""
        repeat {
            text += scanner.takeWhile { $0 != "'" }.value
            guard scanner.take("'") else {
                throw Fault(mark: mark, code: .badCondition, message: "the text that begins here is not closed")
            }
            guard scanner.peek == "'" else { return text }
            text += "'"
        } while scanner.take("'")
        return text
    }
}
