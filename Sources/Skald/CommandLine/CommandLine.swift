import SagaFile

/// Reads a command line: which command, which options, which operands.
///
/// Pure, so that tests need no process. Options may stand before and after operands; `--` ends them; `--name=value` and
/// `--name value` mean the same.
struct CommandLine {
    enum Request {
        case run(Command, Arguments)
        case help(Command?)
        case version
    }

    private let commands: [Command]

    init(_ commands: [Command]) {
        self.commands = commands
    }

    /// - Parameter words: What was typed after `skald`.
    /// - Throws: `Failure` with ``ExitCode/usage`` and what was probably meant.
    func read(_ words: [String]) throws(Failure) -> Request {
        switch words.first {
        case nil, "--help", "-h": return .help(nil)
        case "--version": return .version
        case "help": return words.count == 1 ? .help(nil) : .help(try command(of: Array(words.dropFirst())).command)
        default: break
        }
        let (command, rest) = try command(of: words)
        let arguments = try arguments(of: command, rest)
        return arguments.has("help") ? .help(command) : .run(command, arguments)
    }

    /// Finds the command with the most words that begin the line.
    private func command(of words: [String]) throws(Failure) -> (command: Command, rest: [String]) {
        let candidates = commands.filter { words.starts(with: $0.words) }
        if let command = candidates.max(by: { $0.words.count < $1.words.count }) {
            return (command, Array(words.dropFirst(command.words.count)))
        }
        let typed = words.prefix { !$0.hasPrefix("-") }.prefix(2)
        let group = commands.filter { $0.words.first == words.first }
        if !group.isEmpty {
            throw Failure(
                .usage, "`skald \(words[0])` needs one more word: \(group.map { $0.words[1] }.joined(separator: ", "))")
        }
        let nearest =
            Spelling.nearest(to: typed.joined(separator: " "), among: commands.map(\.name))
            ?? Spelling.nearest(to: words[0], among: commands.map(\.name))
        throw Failure(
            .usage, "there is no command `\(words[0])`",
            remedy: nearest.map { "Did you mean `skald \($0)`?" } ?? "`skald --help` lists the commands.")
    }

    private func arguments(of command: Command, _ words: [String]) throws(Failure) -> Arguments {
        var operands: [String] = []
        var values: [String: [String]] = [:]
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                break
            }
            if word == "-h" {
                values["help"] = [""]
            } else if word.hasPrefix("-"), word != "-" {
                let (name, value) = try option(word, of: command, &rest)
                values[name, default: []].append(value)
            } else {
                operands.append(word)
            }
        }
        if values["help"] == nil { try check(operands, of: command) }
        return Arguments(operands: operands, values: values)
    }

    private func option(
        _ word: String, of command: Command, _ rest: inout ArraySlice<String>
    ) throws(Failure) -> (name: String, value: String) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let known = command.options + Option.everywhere
        guard let option = known.first(where: { "--" + $0.name == parts[0] }) else {
            let nearest = Spelling.nearest(to: parts[0], among: known.map { "--" + $0.name })
            throw Failure(
                .usage, "`skald \(command.name)` has no option `\(parts[0])`",
                remedy: nearest.map { "Did you mean `\($0)`?" } ?? "`skald \(command.name) --help` lists the options.")
        }
        guard let placeholder = option.value else {
            if parts.count > 1 { throw Failure(.usage, "`--\(option.name)` takes no value") }
            return (option.name, "")
        }
        guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
            throw Failure(.usage, "`--\(option.name)` needs a value: \(placeholder)")
        }
        if !option.choices.isEmpty, !option.choices.contains(value) {
            let nearest = Spelling.nearest(to: value, among: option.choices)
            throw Failure(
                .usage, "`--\(option.name)` is one of \(option.choices.joined(separator: ", ")), not `\(value)`",
                remedy: nearest.map { "Did you mean `\($0)`?" })
        }
        return (option.name, value)
    }

    private func check(_ operands: [String], of command: Command) throws(Failure) {
        let allowed = command.operands.count
        if operands.count < allowed.lowerBound {
            throw Failure(
                .usage, "`skald \(command.name)` needs \(command.operands.label)",
                remedy: "\(command.operands.label): \(command.operands.about)")
        }
        if operands.count > allowed.upperBound {
            throw Failure(.usage, "`skald \(command.name)` does not take `\(operands[allowed.upperBound])`")
        }
    }
}
