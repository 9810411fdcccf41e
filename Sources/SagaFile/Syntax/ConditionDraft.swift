import SagaModel

/// A condition as a file spells it, before its paths are looked up.
indirect enum ConditionDraft: Sendable {
    enum Operator: String, Sendable, CaseIterable {
        // The longer spelling of a common beginning comes first: the parser takes the first that fits.
        case equal = "=="
        case notEqual = "!="
        case atMost = "<="
        case atLeast = ">="
        case less = "<"
        case greater = ">"
    }

    case compare(Operand, Operator, Operand)
    case among(Operand, [Operand])
    case exists(Operand)
    case and([ConditionDraft])
    case or([ConditionDraft])
    case not(ConditionDraft)

    /// One side of a comparison: a literal, or a word that may be a path, an aggregate or a state.
    enum Operand: Sendable {
        case literal(Located<Value>)
        case word(Located<String>)

        var mark: Mark {
            switch self {
            case .literal(let literal): literal.mark
            case .word(let word): word.mark
            }
        }
    }
}

extension Format where Value == ConditionDraft {
    /// A condition: comparisons joined by `and`, `or`, `not` and parentheses.
    static var condition: Format {
        Format(.text(pattern: nil)) { node, report in
            guard case .scalar(let text, let isQuoted) = node.content, !text.isEmpty else {
                report.addMismatch(node, expected: "a condition")
                return nil
            }
            let start = Mark(line: node.mark.line, column: node.mark.column + (isQuoted ? 1 : 0))
            switch ConditionParser.parse(Located(text, at: start)) {
            case .success(let condition): return condition
            case .failure(let fault):
                report.add(fault.code, at: fault.mark, fault.message)
                return nil
            }
        }
    }
}
