import Telemetry

@testable import Skald

/// Remembers what a command writes.
final class CapturedConsole: Sendable {
    private struct Texts {
        var output = ""
        var messages = ""
    }

    private let texts = Lock(Texts())

    func console(isTerminal: Bool = false, columnCount: Int = 100) -> Console {
        func stream(_ keep: @escaping @Sendable (String) -> Void) -> Stream {
            Stream(isTerminal: isTerminal, style: Style(isColored: false), columnCount: columnCount) { text in
                keep(text)
            }
        }
        return Console(
            output: stream { text in self.texts.withLock { $0.output += text } },
            messages: stream { text in self.texts.withLock { $0.messages += text } }, now: { ContinuousClock.now })
    }

    var output: String { texts.withLock { $0.output } }
    var messages: String { texts.withLock { $0.messages } }
}

/// Runs a command line in this process.
func skald(_ words: String...) async -> (exit: ExitCode, output: String, messages: String) {
    let captured = CapturedConsole()
    let exit = await Tool().run(words, captured.console())
    return (exit, captured.output, captured.messages)
}
