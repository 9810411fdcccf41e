import Testing

@testable import Skald

@Suite struct CommandLineTests {
    private static let commands = [
        Command("check", "", examples: [], operands: .files("[FILE...]", "")) { _, _ in .success },
        Command(
            "graph", "", examples: [], operands: .files("FILE", "", count: 1...1),
            options: [.choice("format", ["svg", "dot"], ""), .value("history", "FILE", ""), .json]
        ) { _, _ in .success },
        Command("dlq list", "", examples: []) { _, _ in .success },
        Command("dlq show", "", examples: []) { _, _ in .success },
    ]

    private func read(_ words: String...) -> String {
        do throws(Failure) {
            switch try CommandLine(Self.commands).read(words) {
            case .version: return "version"
            case .help(let command): return "help \(command?.name ?? "")"
            case .run(let command, let arguments):
                let options = ["format", "history", "json"].filter { arguments.has($0) }.map {
                    "\($0)=\(arguments.value($0) ?? "")"
                }
                return ([command.name] + options + arguments.operands).joined(separator: " ")
            }
        } catch {
            return "\(error.exit.rawValue) \(error.message)" + (error.remedy.map { " | \($0)" } ?? "")
        }
    }

    @Test func readsOptionsAnywhere() {
        #expect(read("graph", "--format", "svg", "a", "--json") == "graph format=svg json= a")
        #expect(read("graph", "a", "--format=dot", "--history=b=c") == "graph format=dot history=b=c a")
        #expect(read("check", "--", "--json") == "check --json")
        #expect(read("check", "-") == "check -")
        #expect(read("dlq", "list") == "dlq list")
        #expect(read("graph", "--format", "svg", "--format", "dot", "a") == "graph format=dot a")
    }

    @Test func helpWinsOverMistakesInOperands() {
        #expect(read() == "help ")
        #expect(read("-h") == "help ")
        #expect(read("help") == "help ")
        #expect(read("help", "dlq", "list") == "help dlq list")
        #expect(read("graph", "--help") == "help graph")
        #expect(read("graph", "-h") == "help graph")
        #expect(read("--version") == "version")
    }

    @Test func saysWhatWasMeant() {
        #expect(read("chek") == "2 there is no command `chek` | Did you mean `skald check`?")
        #expect(read("dlq", "lst") == "2 `skald dlq` needs one more word: list, show")
        #expect(read("zzz") == "2 there is no command `zzz` | `skald --help` lists the commands.")
        #expect(
            read("graph", "--fromat", "svg", "a")
                == "2 `skald graph` has no option `--fromat` | Did you mean `--format`?")
        #expect(
            read("graph", "--format", "sgv", "a")
                == "2 `--format` is one of svg, dot, not `sgv` | Did you mean `svg`?")
        #expect(
            read("graph", "-x", "a") == "2 `skald graph` has no option `-x` | `skald graph --help` lists the options.")
    }

    @Test func countsOperandsAndValues() {
        #expect(read("graph") == "2 `skald graph` needs FILE | FILE: ")
        #expect(read("graph", "a", "b") == "2 `skald graph` does not take `b`")
        #expect(read("graph", "a", "--format") == "2 `--format` needs a value: svg|dot")
        #expect(read("graph", "a", "--json=yes") == "2 `--json` takes no value")
    }
}

@Suite struct ToolTests {
    @Test func everyCommandHelpsWithExamplesAndExitCodes() async {
        for command in CommandTable.commands {
            #expect(!command.examples.isEmpty && !command.summary.isEmpty)
            let captured = CapturedConsole()
            #expect(await Tool().run(command.words + ["--help"], captured.console()) == .success)
            let help = captured.output
            #expect(help.contains("Examples:") && help.contains("Exit codes:") && help.contains("Usage:"))
            #expect(
                command.examples.allSatisfy { $0.line.hasPrefix("skald \(command.name)") || $0.line.contains("skald ") }
            )
            for option in command.options { #expect(help.contains("--\(option.name)")) }
        }
        #expect(await skald().output.contains("Commands:"))
    }

    @Test func namesAreUniqueAndNoneHidesAnother() {
        let names = CommandTable.commands.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test func errorsGoToTheMessages() async {
        let wrong = await skald("exprot")
        #expect(wrong.exit == .usage && wrong.output == "")
        #expect(wrong.messages == "error: there is no command `exprot`\n  Did you mean `skald export`?\n")
    }

    @Test func aDefectIsToldAsOne() async {
        struct Defect: Error {}
        let captured = CapturedConsole()
        let tool = Tool([Command("break", "", examples: []) { _, _ in throw Defect() }])
        #expect(await tool.run(["break"], captured.console()) == .bug)
        #expect(captured.messages.contains("report"))
    }

    @Test func aClosedOutputIsQuiet() async {
        let closed = Stream(isTerminal: false, style: Style(isColored: false), columnCount: 80) {
            _ throws(OutputClosed) in throw OutputClosed()
        }
        let console = Console(output: closed, messages: closed, now: { ContinuousClock.now })
        #expect(await Tool().run(["--help"], console) == .outputClosed)
    }
}

@Suite struct ConsoleTests {
    @Test func tablesFitTheColumns() {
        var table = TextTable("saga", "path", "n")
        table.add("create-order", "a/very/long/path/that/does/not/fit/on/the/line.history.json", "1,000")
        table.add("cancel-order", "b", "2")
        for columns in [40, 60, 200] {
            let text = table.text(columnCount: columns, style: Style(isColored: false))
            let lines = text.split(separator: "\n")
            #expect(lines.count == 3 && lines.allSatisfy { $0.count <= columns })
        }
        #expect(table.text(columnCount: 40, style: Style(isColored: false)).contains("…"))
        #expect(!table.text(columnCount: 200, style: Style(isColored: false)).contains("…"))
    }

    @Test func coloursAskTheEnvironment() {
        func allows(_ variables: [String: String], _ isTerminal: Bool) -> Bool {
            ColorWish(environment: { variables[$0] }).allows(isTerminal: isTerminal)
        }
        #expect(allows([:], true) && !allows([:], false))
        #expect(!allows(["NO_COLOR": "1"], true) && !allows(["TERM": "dumb"], true))
        #expect(allows(["FORCE_COLOR": "1"], false))
        #expect(!allows(["FORCE_COLOR": "1", "NO_COLOR": "1"], true))
        #expect(Style(isColored: true).red("x") == "\u{1B}[31mx\u{1B}[0m")
    }

    @Test func numbersAreGrouped() {
        #expect([0, 999, 1_000, 1_234_567, -1_000].map(\.grouped) == ["0", "999", "1,000", "1,234,567", "-1,000"])
    }
}
