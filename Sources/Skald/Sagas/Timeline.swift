import Orchestration
import SagaCheck
import SagaModel
import Telemetry

/// One saga as it happened: what came in, what it did about it, how long it waited.
struct Timeline {
    private let saga: SagaSummary
    private let records: [HistoryRecord]
    /// When each request was sent, by its id.
    private let sent: [Identifier: Int64]

    init(_ saga: SagaSummary, _ records: [HistoryRecord]) {
        self.saga = saga
        self.records = records
        var sent: [Identifier: Int64] = [:]
        for record in records {
            for case .send(let command) in record.entry.actions where sent[command.request] == nil {
                sent[command.request] = record.at
            }
        }
        self.sent = sent
    }

    func tell(_ console: Console, isLong: Bool) throws(OutputClosed) {
        try console.print(heading(console.output.style))
        for record in records { for line in lines(of: record, console, isLong: isLong) { try console.print(line) } }
    }

    func heading(_ style: Style) -> String {
        let painted = saga.outcome == nil ? style.yellow(saga.state) : style.green(saga.state)
        let took = saga.endedAt.map { " in \(SagaListing.milliseconds($0 - saga.startedAt))" } ?? ""
        return """
            \(style.bold("\(saga.name) \(saga.key)")) \(painted)\(took)
              saga \(saga.id) · version \(saga.definitionVersion) · started \(RFC3339.text(milliseconds: saga.startedAt))\
            \(saga.traceparent.map { " · trace \($0.split(separator: "-").dropFirst().first ?? "")" } ?? "")
            """
    }

    /// The lines of one input: when, what came in, and below it what was done.
    func lines(of record: HistoryRecord, _ console: Console, isLong: Bool) -> [String] {
        let style = console.output.style
        let time = "+" + SagaListing.milliseconds(max(0, record.at - saga.startedAt))
        let margin = "  \(style.faint(time.leftPadded(to: 9)))"
        var lines = ["\(margin)  \(style.bold("<-")) \(words(of: record.entry.input))"]
        if isLong, let id = record.messageID { lines[0] += style.faint("  message \(id)") }
        for action in record.entry.actions {
            guard let text = words(of: action, isLong: isLong) else { continue }
            lines.append("             \(text)")
        }
        return lines.map { isLong ? $0 : $0.shortened(to: console.output.columnCount, isColored: style.isColored) }
    }

    private func words(of input: Input) -> String {
        switch input.happening {
        case .started(let event): "started \(CanonicalJSON.text(of: .record(event.payload)))"
        case .replied(let reply):
            "\(reply.sender).\(reply.name)" + payload(reply.payload)
                + waited(for: reply.causation, until: input.milliseconds)
        case .timerFired(let turn): turn == .deadline ? "the deadline has passed" : "no answer in time: \(turn)"
        case .occurred(let event): "\(event.type)\(payload(event.payload))"
        case .ordered, .paused, .resumed: input.words
        }
    }

    private func waited(for request: Identifier, until now: Int64) -> String {
        sent[request].map { " after \(SagaListing.milliseconds(max(0, now - $0)))" } ?? ""
    }

    private func payload(_ record: Record) -> String {
        record.members.isEmpty ? "" : " " + CanonicalJSON.text(of: .record(record))
    }

    /// Timers are left out of the short form: they come with every request.
    private func words(of action: Action, isLong: Bool) -> String? {
        switch action {
        case .send(let command):
            let what = "\(command.participant).\(command.name)"
            let tries = command.turn.attempt > 1 ? " (try \(command.turn.attempt))" : ""
            let undo = command.turn.direction == .undo ? "undo: " : ""
            return "-> \(undo)\(what)\(tries)"
                + (isLong ? payload(command.payload) + " request \(command.request)" : "")
        case .setTimer, .cancelTimer: return isLong ? "   " + action.words : nil
        case .finish(let outcome): return "== \(outcome)"
        case .ignore, .stick, .alarm: return "!! " + action.words
        }
    }

    // MARK: For programs

    var value: Value {
        .record([
            "saga": saga.value,
            "entries": .list(
                records.map { record in
                    .record([
                        "number": .integer(record.number), "at": .integer(record.at),
                        "message": record.messageID.map { .string($0) } ?? .null,
                        "input": .string(words(of: record.entry.input)),
                        "actions": .list(record.entry.actions.map { .string($0.words) }),
                    ])
                }),
        ])
    }
}

extension String {
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }

    /// The text cut so that it fits a line; coloured text is longer than it looks and is left alone.
    fileprivate func shortened(to width: Int, isColored: Bool) -> String {
        if isColored || count <= width { return self }
        return prefix(max(1, width - 1)) + "…"
    }
}
