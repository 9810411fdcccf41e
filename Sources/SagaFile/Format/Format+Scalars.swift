import SagaModel

extension Format {
    /// A scalar that is read by a rule of its own.
    ///
    /// - Parameters:
    ///   - expected: What a message calls it, with its article.
    ///   - allowsQuotes: Whether quotes around it change nothing; elsewhere they make text of it.
    ///   - parse: Gets the text; nil after the fault has been put into the report.
    package static func word(
        _ schema: Schema, expected: String, allowsQuotes: Bool = false,
        parse: @escaping @Sendable (Located<String>, inout Report) -> Value?
    ) -> Format {
        Format(schema) { node, report in
            switch node.content {
            case .scalar(let text, let isQuoted) where !text.isEmpty && (allowsQuotes || !isQuoted):
                return parse(Located(text, at: node.mark), &report)
            case .scalar(_, isQuoted: true):
                report.add(
                    .wrongType, at: node.mark, "\(expected) is expected here, not quoted text",
                    hint: "Remove the quotes.")
            default: report.addMismatch(node, expected: expected)
            }
            return nil
        }
    }
}

extension Format where Value == String {
    /// Text for people, quoted or not; never empty.
    package static var text: Format {
        Format(.text(pattern: nil)) { node, report in
            if case .scalar(let text, _) = node.content, !text.isEmpty { return text }
            if case .scalar("", isQuoted: true) = node.content {
                report.add(.emptyValue, at: node.mark, "the text is empty")
            } else {
                report.addMismatch(node, expected: "text")
            }
            return nil
        }
    }

    /// A name that follows a rule; quotes around it change nothing, as JSON needs them.
    package static func name(_ rule: NameRule) -> Format {
        Format(.text(pattern: rule.pattern)) { node, report in
            guard case .scalar(let text, _) = node.content, !text.isEmpty else {
                report.addMismatch(node, expected: "a \(rule.label)")
                return nil
            }
            return rule.check(Located(text, at: node.mark), &report) ? text : nil
        }
    }
}

extension Format where Value == Located<String> {
    /// A name that follows a rule, with its place.
    package static func named(_ rule: NameRule) -> Format { .located(.name(rule)) }
}

extension Format where Value == Int {
    /// A whole number within a range: no floats, no leading zeros, no other bases.
    package static func integer(_ range: ClosedRange<Int>) -> Format {
        .word(.integer(range), expected: "a whole number") { word, report in
            guard let number = WholeNumber.parse(word.value) else {
                if WholeNumber.isTooLarge(word.value) {
                    report.addOutOfRange(word, range)
                    return nil
                }
                let isFloat = WholeNumber.looksLikeFloat(word.value)
                let message =
                    isFloat ? "`\(word.value)` has a fraction" : "a whole number is expected here, not `\(word.value)`"
                report.add(isFloat ? .fractionRefused : .notAnInteger, at: word.mark, message)
                return nil
            }
            guard let value = Int(exactly: number), range.contains(value) else {
                report.addOutOfRange(word, range)
                return nil
            }
            return value
        }
    }
}

extension Report {
    fileprivate mutating func addOutOfRange(_ word: Located<String>, _ range: ClosedRange<Int>) {
        add(
            .outOfRange, at: word.mark, "\(word.value) is out of range",
            hint: "From \(range.lowerBound) to \(range.upperBound).")
    }
}

extension Format where Value: CaseIterable & RawRepresentable & Sendable, Value.RawValue == String {
    /// One of the words of an enumeration.
    package static func choice(of what: String) -> Format {
        let words = Value.allCases.map(\.rawValue)
        return Format(.choice(words)) { node, report in
            guard case .scalar(let text, _) = node.content, !text.isEmpty else {
                report.addMismatch(node, expected: "one of \(words.joined(separator: ", "))")
                return nil
            }
            if let value = Value(rawValue: text) { return value }
            report.addUnknown(.unknownChoice, Located(text, at: node.mark), what: what, known: words)
            return nil
        }
    }
}

extension Format where Value == Duration {
    /// A duration as ISO 8601 spells it.
    package static var duration: Format {
        Format(.text(pattern: ISODuration.pattern)) { node, report in
            guard case .scalar(let text, _) = node.content, !text.isEmpty else {
                report.addMismatch(node, expected: "a duration")
                return nil
            }
            if let duration = ISODuration.parse(text) { return duration }
            report.add(.notADuration, at: node.mark, "`\(text)` is not a duration")
            return nil
        }
    }
}
