import Messaging
import Telemetry

/// Prints lines of logs as people read them, or as they are.
struct LogPrinter: Sendable {
    private let console: Console
    private let isRaw: Bool

    init(_ console: Console, isRaw: Bool) {
        self.console = console
        self.isRaw = isRaw
    }

    func print(_ lines: [LogTail.Line]) throws(OutputClosed) {
        for line in lines { try console.print(isRaw ? line.text : text(of: line)) }
    }

    private func text(of line: LogTail.Line) -> String {
        let name = console.output.style.bold(line.service.padded(to: 12))
        guard let record = LogRecord(json: line.text) else { return "\(name) \(line.text)" }
        let format = LogFormat.text(isColored: console.output.style.isColored)
        return name + " " + String(decoding: format.line(record).dropLast(), as: UTF8.self)
    }
}

extension LogRecord {
    /// Reads a line that a service has logged; nil if it is none.
    init?(json text: String) {
        guard case .object(let members)? = try? JSON.decode(JSONValue.self, from: Array(text.utf8)) else { return nil }
        var fields = LogFields()
        var (time, level, message): (Int64?, LogLevel?, String?) = (nil, nil, nil)
        for member in members {
            switch (member.name, member.value) {
            case ("time", .string(let text)): time = RFC3339.milliseconds(text)
            case ("level", .string(let text)): level = LogLevel.allCases.first { $0.name == text }
            case ("msg", .string(let text)): message = text
            // The name stands before the line already.
            case ("service", _): continue
            case (let name, .string(let text)): fields[name] = .string(text)
            case (let name, .integer(let number)): fields[name] = .integer(number)
            case (let name, .number(let number)): fields[name] = .number(number)
            case (let name, .boolean(let flag)): fields[name] = .boolean(flag)
            case (let name, _): fields[name] = .string("…")
            }
        }
        guard let time, let level, let message else { return nil }
        self.init(milliseconds: time, level: level, message: message, fields: fields)
    }
}
