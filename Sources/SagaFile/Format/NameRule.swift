/// How a name of some kind is spelled: ASCII only, so that no two names look alike.
package struct NameRule: Sendable {
    /// What people call such a name.
    package let label: String
    /// The rule as a regular expression of the JSON Schema dialect, for editors.
    package let pattern: String
    package let example: String
    /// Every spelling that is allowed; one is enough.
    private let forms: [Form]

    private struct Form: Sendable {
        let parts: [Part]
        let separator: UInt8?
        let partCount: ClosedRange<Int>
        let mayEndInHyphen: Bool

        func allows(_ bytes: [UInt8]) -> Bool {
            let stretches =
                separator.map { bytes.split(separator: $0, omittingEmptySubsequences: false) } ?? [bytes[...]]
            return partCount.contains(stretches.count)
                && stretches.enumerated().allSatisfy { index, stretch in
                    let part = parts[min(index, 1)]
                    guard let first = stretch.first, part.first.contains(first) else { return false }
                    guard mayEndInHyphen || stretch.last != UInt8(ascii: "-") else { return false }
                    return stretch.dropFirst().allSatisfy(part.rest.contains)
                }
        }
    }

    /// One stretch between separators.
    private struct Part: Sendable {
        let first: CharacterSet
        let rest: CharacterSet

        func pattern(mayEndInHyphen: Bool) -> String {
            guard !mayEndInHyphen, rest.spelled.hasSuffix("-") else { return "[\(first.spelled)][\(rest.spelled)]*" }
            return "[\(first.spelled)]([\(rest.spelled)]*[\(rest.spelled.dropLast())])?"
        }
    }

    /// The ASCII characters a stretch is made of, spelled as inside the brackets of a regular expression.
    private struct CharacterSet: Sendable {
        let spelled: String
        private let members: Set<UInt8>

        init(_ spelled: String) {
            self.spelled = spelled
            var members: Set<UInt8> = []
            let bytes = Array(spelled.utf8)
            var index = 0
            while index < bytes.count {
                if index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "-") {
                    members.formUnion(bytes[index]...bytes[index + 2])
                    index += 3
                } else {
                    members.insert(bytes[index])
                    index += 1
                }
            }
            self.members = members
        }

        func contains(_ byte: UInt8) -> Bool { members.contains(byte) }
    }

    private init(
        _ label: String, first: String, rest: String, thenFirst: String? = nil, thenRest: String? = nil,
        separator: Character? = nil, partCount: ClosedRange<Int> = 1...1, mayEndInHyphen: Bool = true, example: String
    ) {
        let head = Part(first: CharacterSet(first), rest: CharacterSet(rest))
        let tail = Part(first: CharacterSet(thenFirst ?? first), rest: CharacterSet(thenRest ?? rest))
        self.label = label
        self.example = example
        forms = [
            Form(
                parts: [head, tail], separator: separator?.asciiValue, partCount: partCount,
                mayEndInHyphen: mayEndInHyphen)
        ]
        var pattern = "^" + head.pattern(mayEndInHyphen: mayEndInHyphen)
        if let separator {
            let repeats = "{\(partCount.lowerBound - 1),\(partCount.upperBound - 1)}"
            let spelled = separator == "." ? "\\." : String(separator)
            pattern += "(\(spelled)\(tail.pattern(mayEndInHyphen: mayEndInHyphen)))" + repeats
        }
        self.pattern = pattern + "$"
    }

    /// The most bytes of any name; a name travels in headers and stands in keys of tables.
    package static let byteCountMax = 80
    /// The most bytes of a message's type: its owner's name, a point and its own.
    package static let messageTypeByteCountMax = 128

    private init(_ label: String, either first: NameRule, or second: NameRule) {
        self.label = label
        pattern = "(\(first.pattern))|(\(second.pattern))"
        example = first.example
        forms = first.forms + second.forms
    }

    package func allows(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return bytes.count <= Self.byteCountMax && forms.contains { $0.allows(bytes) }
    }

    private var article: String { "aeio".contains(label.prefix(1)) ? "an" : "a" }

    /// Puts a fault into the report when the name breaks the rule.
    package func check(_ name: Located<String>, _ report: inout Report) -> Bool {
        if allows(name.value) { return true }
        let shown = name.value.count > 40 ? name.value.prefix(40) + "…" : name.value[...]
        report.add(
            .badName, at: name.mark, "`\(shown)` cannot be \(article) \(label)",
            hint: "Write it like `\(example)`: \(pattern), at most \(Self.byteCountMax) bytes.")
        return false
    }
}

extension NameRule {
    package static let saga = NameRule("saga name", first: "a-z", rest: "a-z0-9-", example: "create-order")
    package static let step = NameRule("step id", first: "a-z", rest: "a-z0-9-", example: "create-ticket")
    package static let participant = NameRule(
        "participant name", first: "a-z", rest: "a-z0-9-", mayEndInHyphen: false, example: "kitchen")
    package static let aggregate = NameRule("aggregate name", first: "a-z", rest: "a-zA-Z0-9", example: "ticket")
    package static let state = NameRule("state", first: "a-zA-Z", rest: "a-zA-Z0-9_", example: "CREATE_PENDING")
    package static let move = NameRule("move name", first: "a-z", rest: "a-z0-9-", example: "accept")
    package static let outcome = NameRule("outcome name", first: "a-z", rest: "a-z0-9-", example: "approved")
    package static let scenario = NameRule("scenario name", first: "a-z0-9", rest: "a-z0-9-", example: "card-declined")
    package static let field = NameRule("field name", first: "a-z", rest: "a-zA-Z0-9", example: "orderId")
    package static let type = NameRule("type name", first: "A-Z", rest: "a-zA-Z0-9", example: "LineItem")
    package static let command = NameRule("command name", first: "A-Z", rest: "a-zA-Z0-9", example: "CreateTicket")
    package static let reply = NameRule("reply name", first: "A-Z", rest: "a-zA-Z0-9", example: "TicketCreated")
    package static let version = NameRule("version", first: "1-9", rest: "0-9", example: "2")
    package static let queue = NameRule(
        "queue name", first: "a-z", rest: "a-z0-9-", separator: ".", partCount: 1...4, example: "kitchen.commands")
    package static let commandType = NameRule(
        "command", first: "a-z", rest: "a-z0-9-", thenFirst: "A-Z", thenRest: "a-zA-Z0-9", separator: ".",
        partCount: 2...2, mayEndInHyphen: false, example: "kitchen.CreateTicket")
    package static let eventType = NameRule(
        "event type", first: "a-z", rest: "a-z0-9-", separator: ".", partCount: 2...2,
        mayEndInHyphen: false, example: "order.created")
    package static let aggregateReference = NameRule(
        "aggregate", first: "a-z", rest: "a-z0-9-", thenFirst: "a-z", thenRest: "a-zA-Z0-9", separator: ".",
        partCount: 1...2, example: "kitchen.ticket")
    package static let answer = NameRule("reply or event", either: .reply, or: .eventType)
}
