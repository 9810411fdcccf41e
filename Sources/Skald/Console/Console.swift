/// Where a command writes: data to standard output, everything said to people beside it to standard error.
struct Console: Sendable {
    let output: Stream
    let messages: Stream
    /// A reading of a clock that only goes forward, for rates and progress.
    let now: @Sendable () -> ContinuousClock.Instant

    /// Prints a line of data.
    func print(_ text: String) throws(OutputClosed) {
        try output.write(text + "\n")
    }

    /// Says something about the work; nobody's program reads it.
    func say(_ text: String) {
        // A closed standard error must not stop the work.
        do { try messages.write(text + "\n") } catch {}
    }

    func fail(_ failure: Failure) {
        say(messages.style.red("error:") + " " + failure.message)
        if let remedy = failure.remedy { say("  " + remedy) }
    }
}

/// Somebody closed the other end of an output.
struct OutputClosed: Error {}

/// One of the two outputs.
struct Stream: Sendable {
    let isTerminal: Bool
    let style: Style
    /// How many characters fit on a line.
    let columnCount: Int
    let write: @Sendable (String) throws(OutputClosed) -> Void

    init(
        isTerminal: Bool, style: Style, columnCount: Int,
        write: @escaping @Sendable (String) throws(OutputClosed) -> Void
    ) {
        self.isTerminal = isTerminal
        self.style = style
        self.columnCount = columnCount
        self.write = write
    }
}

/// Colours, or none.
struct Style: Sendable {
    let isColored: Bool

    func red(_ text: String) -> String { paint(text, 31) }
    func green(_ text: String) -> String { paint(text, 32) }
    func yellow(_ text: String) -> String { paint(text, 33) }
    func bold(_ text: String) -> String { paint(text, 1) }
    func faint(_ text: String) -> String { paint(text, 2) }

    private func paint(_ text: String, _ code: Int) -> String {
        isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
