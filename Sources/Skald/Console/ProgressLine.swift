/// A line that changes while work goes on: in place at a terminal, now and then a new one elsewhere.
struct ProgressLine {
    private let console: Console
    private var lastShown: ContinuousClock.Instant?
    private var lastWidth = 0

    private static let terminalInterval = Duration.milliseconds(200)
    private static let otherInterval = Duration.seconds(5)

    init(_ console: Console) { self.console = console }

    /// Shows the text if it is time for it.
    mutating func show(_ text: @autoclosure () -> String) {
        let isTerminal = console.messages.isTerminal
        let now = console.now()
        // Elsewhere the first line waits as well: short work needs none.
        let last = lastShown ?? now
        if lastShown == nil { lastShown = now }
        guard now - last >= (isTerminal ? Self.terminalInterval : Self.otherInterval) else { return }
        lastShown = now
        if isTerminal { draw(text()) } else { console.say(text()) }
    }

    /// Takes the line away, so that what follows stands alone.
    mutating func clear() {
        if console.messages.isTerminal, lastWidth > 0 { draw("") }
    }

    private mutating func draw(_ text: String) {
        let shown = String(text.prefix(max(1, console.messages.columnCount - 1)))
        let line = "\r" + shown.padded(to: lastWidth) + (shown.isEmpty ? "\r" : "")
        lastWidth = shown.count
        do { try console.messages.write(line) } catch {}
    }
}
