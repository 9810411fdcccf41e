/// Every command of the tool, in the order of the help. A new command is a file under `Commands/` and a line here.
enum CommandTable {
    static let commands: [Command] =
        [
            .up, .down, .status, .logs, .doctor, .inject, .audit, .check, .scenario, .replay, .graph, .diff, .export,
        ] + Command.sagas + Command.participants + Command.topology + Command.deadLetters
}
