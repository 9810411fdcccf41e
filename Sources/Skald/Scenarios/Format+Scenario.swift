import SagaCheck
import SagaFile
import SagaModel

extension Format where Value == ScenarioFileDraft {
    /// A file of scenarios.
    static var scenarioFile: Format {
        .record(
            "scenarios", "Stories of sagas, told beforehand: what happens, and what is expected of it.",
            .required(
                "sagas", .oneOrMore(.named(.saga)), "The saga spoken of; several that meet, the first one first."),
            .optional("about", .text, "What the stories have in common, for people."),
            .required("scenarios", .list(of: .scenario), "The stories.")
        ) { _, sagas, _, scenarios in ScenarioFileDraft(sagas: sagas, scenarios: scenarios) }
    }
}

extension Format where Value == ScenarioDraft {
    static var scenario: Format {
        .record(
            "scenario", "One story.",
            .required("scenario", .named(.scenario), "The name, unique in the file."),
            .optional("about", .text, "What the story shows, for people."),
            .optional("sagas", .oneOrMore(.named(.saga)), "The sagas, if not those of the file."),
            .defaulted(
                "given", .map(.aggregateReference, to: .named(.state)), to: [],
                "The states of aggregates at the beginning, if not those that the start allows."),
            .optional("attempts", .integer(1...100), "What the attempts of every step are cut down to."),
            .defaulted("rules", .rules, to: .full, "A weaker protocol, to show what goes wrong without a rule."),
            .required("story", .list(of: .moment), "What happens, one thing after the other.")
        ) { _, name, about, sagas, given, attempts, rules, story in
            ScenarioDraft(
                name: name, about: about, sagas: sagas, given: given, attempts: attempts, rules: rules, story: story)
        }
    }
}

extension Format where Value == MomentDraft {
    fileprivate static var moment: Format {
        .record(
            "moment", "Something that happens, and what is expected then.",
            .optional("about", .text, "A remark for people."),
            .required("given", .given, "What happens."),
            .defaulted("expect", .oneOrMore(.expectation), to: [], "What is expected, all of it.")
        ) { mark, _, given, expect in MomentDraft(mark: mark, given: given, expect: expect) }
    }
}

/// A rule of the protocol that a scenario can do without.
enum ProtocolRule: String, CaseIterable, Sendable {
    case correlation
    case inDoubtUndo = "in-doubt-undo"
    case fence
}

extension Format where Value == ProtocolRules {
    fileprivate static var rules: Format {
        .record(
            "rules", "A weaker protocol than the one that runs.",
            .defaulted(
                "without", .list(of: .choice(of: "rule of the protocol")), to: [ProtocolRule](),
                "The rules that do not hold."),
            .defaulted(
                "inbox", .choice(of: "inbox"), to: ProtocolRules.Inbox.storedReply,
                "What a participant remembers of the commands it has handled.")
        ) { _, without, inbox in
            ProtocolRules(
                correlatesReplies: !without.contains(.correlation), undoesInDoubt: !without.contains(.inDoubtUndo),
                fences: !without.contains(.fence), inbox: inbox)
        }
    }
}

extension Format where Value == StepMention {
    /// A step, such as `create-ticket.undo#2`.
    static var step: Format {
        .word(
            .text(pattern: "^([a-z][a-z0-9-]*/)?[a-z][a-z0-9-]*(\\.undo)?(#[1-9][0-9]{0,3})?$"), expected: "a step",
            allowsQuotes: true
        ) { word, report in
            var rest = word.value[...]
            var saga: Located<String>?
            if let slash = rest.firstIndex(of: "/") {
                saga = Located(String(rest[..<slash]), at: word.mark)
                rest = rest[rest.index(after: slash)...]
            }
            var attempt: Int?
            if let hash = rest.lastIndex(of: "#") {
                attempt = WholeNumber.parse(String(rest[rest.index(after: hash)...])).flatMap { Int(exactly: $0) } ?? 0
                rest = rest[..<hash]
            }
            let isUndo = rest.hasSuffix(".undo")
            if isUndo { rest = rest.dropLast(".undo".count) }
            let step = Located(String(rest), at: word.mark)
            guard NameRule.step.check(step, &report), (1...9_999).contains(attempt ?? 1) else {
                report.add(
                    .badName, at: word.mark, "`\(word.value)` is no step",
                    hint: "Write it like `create-ticket`, `create-ticket.undo` or `create-ticket#2`.")
                return nil
            }
            return StepMention(
                mark: word.mark, saga: saga, step: step, direction: isUndo ? .undo : .do, attempt: attempt)
        }
    }
}
