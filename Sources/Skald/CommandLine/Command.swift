/// One command of the tool. Each stands in a file of its own under `Commands/` and in the list of `CommandTable`.
struct Command: Sendable {
    /// What is typed to call it, such as `["check"]` or `["dlq", "list"]`.
    let words: [String]
    /// One line for the list of commands.
    let summary: String
    /// Shown first in the help, as examples say more than grammar.
    let examples: [Example]
    let operands: Operands
    let options: [Option]
    /// What the exit codes mean here, where the general meaning says too little.
    let exits: [ExitCode: String]
    let run: @Sendable (Arguments, Console) async throws -> ExitCode

    init(
        _ words: String, _ summary: String, examples: [Example], operands: Operands = .none, options: [Option] = [],
        exits: [ExitCode: String] = [:], run: @escaping @Sendable (Arguments, Console) async throws -> ExitCode
    ) {
        self.words = words.split(separator: " ").map(String.init)
        self.summary = summary
        self.examples = examples
        self.operands = operands
        self.options = options
        self.exits = exits
        self.run = run
    }

    var name: String { words.joined(separator: " ") }
}

/// A command line and what it does.
struct Example: Sendable {
    let line: String
    let about: String

    init(_ line: String, _ about: String) {
        self.line = line
        self.about = about
    }
}

/// What a command takes besides options.
struct Operands: Sendable {
    /// As the help shows them, such as `FILE...`.
    let label: String
    let about: String
    let count: ClosedRange<Int>

    static let none = Operands(label: "", about: "", count: 0...0)

    static func files(_ label: String, _ about: String, count: ClosedRange<Int> = 0...10_000) -> Operands {
        Operands(label: label, about: about, count: count)
    }
}

/// Something written as `--name` or `--name VALUE`.
struct Option: Sendable {
    let name: String
    /// The placeholder of the value in the help; nil for a switch.
    let value: String?
    let about: String
    /// The words the value may be; empty allows any.
    let choices: [String]

    static func flag(_ name: String, _ about: String) -> Option {
        Option(name: name, value: nil, about: about, choices: [])
    }

    static func value(_ name: String, _ value: String, _ about: String) -> Option {
        Option(name: name, value: value, about: about, choices: [])
    }

    static func choice(_ name: String, _ choices: [String], _ about: String) -> Option {
        Option(name: name, value: choices.joined(separator: "|"), about: about, choices: choices)
    }

    /// For every command that can answer a program.
    static let json = flag("json", "Print one JSON document on standard output, for programs.")

    /// Understood by every command.
    static let everywhere = [
        flag("help", "Show this help."),
        flag("no-color", "Print without colours; NO_COLOR in the environment does the same."),
    ]
}

/// What stood on the command line, after the command's own words.
struct Arguments: Sendable {
    let operands: [String]
    private let values: [String: [String]]

    init(operands: [String] = [], values: [String: [String]] = [:]) {
        self.operands = operands
        self.values = values
    }

    /// The same options with some more, and other operands.
    init(operands: [String], values: [String: [String]], over other: Arguments) {
        self.operands = operands
        self.values = other.values.merging(values) { $1 }
    }

    func has(_ option: String) -> Bool { values[option] != nil }

    /// The value of an option; the last one if it stands there several times.
    func value(_ option: String) -> String? { values[option]?.last }

    /// Every value of an option that may stand there several times.
    func values(of option: String) -> [String] { values[option] ?? [] }
}
