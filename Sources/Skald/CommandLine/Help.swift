/// The texts of `--help`: examples first, then the grammar, then the exit codes.
enum Help {
    static func overview(of commands: [Command]) -> String {
        let width = commands.map(\.name.count).max() ?? 0
        let list = commands.map { "  \($0.name.padded(to: width))  \($0.summary)" }
        return """
            skald: durable sagas over RabbitMQ and Postgres

            Usage: skald COMMAND [OPTIONS] [OPERANDS]

            Commands:
            \(list.joined(separator: "\n"))

            `skald COMMAND --help` shows examples, options and exit codes.

            """
    }

    static func text(of command: Command) -> String {
        var parts = ["skald \(command.name): \(command.summary)"]
        parts.append("Examples:\n" + command.examples.map { "  \($0.line)\n      \($0.about)" }.joined(separator: "\n"))
        let operands = command.operands.label.isEmpty ? "" : " " + command.operands.label
        var usage = "Usage: skald \(command.name) [OPTIONS]\(operands)"
        if !operands.isEmpty { usage += "\n\n  \(command.operands.label)  \(command.operands.about)" }
        parts.append(usage)
        let options = command.options + Option.everywhere
        let labels = options.map { "--\($0.name)" + ($0.value.map { " \($0)" } ?? "") }
        let width = min(32, labels.map(\.count).max() ?? 0)
        let lines = zip(labels, options).map { label, option in
            label.count > width
                ? "  \(label)\n  \("".padded(to: width))  \(option.about)"
                : "  \(label.padded(to: width))  \(option.about)"
        }
        parts.append("Options:\n" + lines.joined(separator: "\n"))
        let exits: [ExitCode] = [.success, .failed, .usage, .badInput, .unavailable, .bug, .timedOut, .interrupted]
        parts.append(
            "Exit codes:\n"
                + exits.filter { command.exits[$0] != nil || $0 == .success || $0 == .usage || $0 == .bug }
                .map { "  \(String($0.rawValue).padded(to: 3))  \(command.exits[$0] ?? $0.meaning)" }
                .joined(separator: "\n"))
        return parts.joined(separator: "\n\n") + "\n"
    }
}

extension String {
    /// The text followed by spaces up to the width.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
