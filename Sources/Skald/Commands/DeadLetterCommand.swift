import AMQP
import Messaging
import Participant

extension Command {
    /// `skald dlq list`, `show`, `redrive` and `drop`.
    static let deadLetters: [Command] = [dlqList, dlqShow, dlqRedrive, dlqDrop]

    private static let queues = Operands(
        label: "[QUEUE...]", about: "Work queues such as kitchen.commands; all that are declared if left out.",
        count: 0...1000)
    private static let brokerOptions: [Option] = [
        .value("broker", "URL", "amqp://skald:password@host/vhost; AMQP_URL in the environment if left out."),
        .value("sagas", "FOLDER", "The folder with the definitions; `sagas` if left out."),
    ]
    private static let actionOptions: [Option] =
        brokerOptions + DeadLetterFilter.options + [
            .value("reason", "TEXT", "Why; it is written down with who did it."),
            .value("who", "NAME", "Who; USER in the environment if left out."),
            .value("limit", "COUNT", "At most so many messages."),
            .value("rate", "COUNT", "At most so many messages a second."),
            .flag("dry-run", "Say what would be done, and do nothing."),
            .value("record-with", "SERVICE", "Who keeps the record of it; `orchestrator` if left out."), .json,
        ]

    private static let dlqList = Command(
        "dlq list", "Count dead letters by queue, reason, type and error",
        examples: [
            Example("skald dlq list", "All queues."),
            Example("skald dlq list kitchen.commands --older-than 1h", "One queue, what has been there for an hour."),
        ],
        operands: queues, options: brokerOptions + DeadLetterFilter.options + [.json],
        exits: [.success: "they were counted, if any", .unavailable: "the broker cannot be reached"]
    ) { arguments, console in
        var groups: [LetterGroup.Key: LetterGroup] = [:]
        try await DeadLetterSession(arguments).each { letter in
            groups[LetterGroup.Key(letter), default: LetterGroup()].add(letter)
        }
        let sorted = groups.sorted { ($0.value.count, $1.key) > ($1.value.count, $0.key) }
        if arguments.has("json") {
            try console.print(JSONValue.array(sorted.map { $0.value.value($0.key) }).line)
        } else {
            var table = TextTable("queue", "reason", "type", "error", "count", "oldest")
            for (key, group) in sorted {
                table.add(
                    key.queue, key.reason, key.type, key.error, "\(group.count)", group.oldest.map(UTC.text) ?? "")
            }
            if !sorted.isEmpty {
                try console.print(table.text(columnCount: console.output.columnCount, style: console.output.style))
            }
            console.say("\(groups.values.reduce(0) { $0 + $1.count }) dead letters")
        }
        return .success
    }

    private static let dlqShow = Command(
        "dlq show", "Show dead letters with their bodies and errors",
        examples: [
            Example("skald dlq show kitchen.commands --limit 5", "The first five."),
            Example("skald dlq show --saga 0198e2c1-7d0a-7000-8000-000000000001 --json", "Of one saga, for programs."),
        ],
        operands: queues,
        options: brokerOptions + DeadLetterFilter.options + [
            .value("limit", "COUNT", "At most so many; 20 if left out."), .json,
        ],
        exits: [.unavailable: "the broker cannot be reached"]
    ) { arguments, console in
        var count = 0
        let countMax = try arguments.count("limit") ?? 20
        let isJSON = arguments.has("json")
        try await DeadLetterSession(arguments).each(countMax: countMax) { letter in
            count += 1
            try console.print(isJSON ? letter.value.line : letter.text(console.output.style))
        }
        if !isJSON { console.say("\(count) dead letters\(count == countMax ? "; --limit shows more" : "")") }
        return .success
    }

    private static let dlqRedrive = Command(
        "dlq redrive", "Send dead letters back to their queues, one by one confirmed before it is removed",
        examples: [
            Example("skald dlq redrive kitchen.commands --reason 'menu repaired' --dry-run", "What would be sent."),
            Example("skald dlq redrive --type kitchen.CreateTicket --rate 50 --reason 'menu repaired'", "50 a second."),
            Example(
                "skald dlq redrive --id ID --set lines.0.quantity=2 --reason 'typing mistake'", "With another body."),
        ],
        operands: queues,
        options: actionOptions + [
            .value("set", "PATH=VALUE", "Change the body before it is sent; may stand there several times.")
        ],
        exits: [
            .failed: "a letter was not taken, and stays dead with all that follow",
            .unavailable: "the broker cannot be reached",
        ]
    ) { arguments, console in try await LetterAction(.redrive, arguments).run(console) }

    private static let dlqDrop = Command(
        "dlq drop", "Remove dead letters for good",
        examples: [
            Example(
                "skald dlq drop order.commands --reason-code unknown-type --reason 'test traffic'", "Of one reason."),
            Example("skald dlq drop --older-than 30d --reason 'past any use' --dry-run", "What would go."),
        ],
        operands: queues, options: actionOptions, exits: [.unavailable: "the broker cannot be reached"]
    ) { arguments, console in try await LetterAction(.drop, arguments).run(console) }
}

/// Dead letters that died the same way.
private struct LetterGroup {
    struct Key: Hashable, Comparable {
        let queue, reason, type, error: String

        init(_ letter: DeadLetter) {
            (queue, reason, type, error) = (letter.queue, letter.reason, letter.type, letter.error)
        }

        static func < (left: Key, right: Key) -> Bool {
            (left.queue, left.reason, left.type, left.error) < (right.queue, right.reason, right.type, right.error)
        }
    }

    private(set) var count = 0
    private(set) var oldest: Int64?

    mutating func add(_ letter: DeadLetter) {
        count += 1
        oldest = [oldest, letter.madeAt].compactMap { $0 }.min()
    }

    func value(_ key: Key) -> JSONValue {
        [
            "queue": .string(key.queue), "reason": .string(key.reason), "type": .string(key.type),
            "error": .string(key.error), "count": .integer(Int64(count)),
            "oldest": oldest.map { .string(UTC.text($0)) } ?? .null,
        ]
    }
}

extension DeadLetter {
    /// The letter for people.
    func text(_ style: Style) -> String {
        var lines = ["\(style.bold(id)) \(type) in \(queue)"]
        lines.append("  \(style.red(reason)) after \(attempt ?? 1) attempts: \(error)")
        if let saga { lines.append("  saga \(saga)") }
        lines.append("  sent by \(sender ?? "nobody"), first failure \(firstFailureAt ?? "unknown")")
        lines.append("  \((try? body.line) ?? "")")
        return lines.joined(separator: "\n")
    }
}

extension JSONValue {
    /// The value in one line.
    var line: String {
        get throws(JSONError) {
            String(
                decoding: try JSON.encode(self, limits: JSON.Limits(byteCountMax: 64 << 20, depthMax: 80)),
                as: UTF8.self)
        }
    }
}
