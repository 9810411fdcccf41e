import SagaModel

/// A value to be, as a file spells it: a path, a literal, or a record or list of such.
indirect enum ExpressionDraft: Sendable {
    case path(Located<String>)
    case literal(Located<Value>)
    case record([Named<ExpressionDraft>], Mark)
    case list([ExpressionDraft], Mark)

    var mark: Mark {
        switch self {
        case .path(let path): path.mark
        case .literal(let literal): literal.mark
        case .record(_, let mark), .list(_, let mark): mark
        }
    }

    /// Reads a word without quotes of YAML's own: a path, a whole number, `true`, `false`, `null` or `'text'`; nil for
    /// any other word.
    init?(word: Located<String>) {
        switch word.value {
        case "true": self = .literal(Located(.boolean(true), at: word.mark))
        case "false": self = .literal(Located(.boolean(false), at: word.mark))
        case "null": self = .literal(Located(.null, at: word.mark))
        default:
            if let number = WholeNumber.parse(word.value) {
                self = .literal(Located(.integer(number), at: word.mark))
            } else if let text = Self.text(in: word.value) {
                self = .literal(Located(.string(text), at: word.mark))
            } else if Path.Root.allCases.contains(where: { word.value.hasPrefix($0.rawValue + ".") }) {
                self = .path(word)
            } else {
                return nil
            }
        }
    }
}

extension ExpressionDraft {
    /// The text between single quotes, where two in a row stand for one; nil without them.
    private static func text(in word: String) -> String? {
        guard word.utf8.count >= 2, word.hasPrefix("'"), word.hasSuffix("'") else { return nil }
        var text = ""
        var quotes = 0
        for character in word.dropFirst().dropLast() {
            quotes = character == "'" ? quotes + 1 : 0
            if quotes == 2 { quotes = 0 } else { text.append(character) }
        }
        return text
    }

    /// Spells a text so that ``init(word:)`` reads it back.
    static func spell(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}

extension Format where Value == ExpressionDraft {
    /// A value to be: `data.total`, `5`, `true`, `null`, `'text'`, or a mapping or list of such.
    static var expression: Format {
        let word = Format.word(.text(pattern: nil), expected: "a path or a literal") { word, report in
            if let expression = ExpressionDraft(word: word) { return expression }
            if WholeNumber.looksLikeFloat(word.value) {
                report.add(.fractionRefused, at: word.mark, "`\(word.value)` has a fraction")
            } else {
                report.add(.badPath, at: word.mark, "`\(word.value)` is neither a path nor a literal")
            }
            return nil
        }
        return Format(.either([word.schema, .anything])) { node, report in
            switch node.content {
            case .scalar(let text, isQuoted: true): return .literal(Located(.string(text), at: node.mark))
            case .scalar: return word.read(node, &report)
            case .list:
                let items = Format<[ExpressionDraft]>.list(of: .expression, countMin: 0).read(node, &report)
                return items.map { .list($0, node.mark) }
            case .mapping:
                let fields = Format<[Named<ExpressionDraft>]>.assignments.read(node, &report)
                return fields.map { .record($0, node.mark) }
            }
        }
    }
}

extension Format where Value == [Named<ExpressionDraft>] {
    /// Fields and what they become.
    static var assignments: Format { .map(.field, to: .expression) }
}
