extension Action {
    /// The action in the form of history files.
    package var value: Value {
        switch self {
        case .send(let command):
            [
                "kind": "send", "name": .string(command.name), "participant": .string(command.participant),
                "payload": .record(command.payload), "request": .string(command.request.description),
                "turn": command.turn.value,
            ]
        case .setTimer(let turn, let due): ["due": .integer(due), "kind": "set-timer", "turn": turn.value]
        case .cancelTimer(let turn): ["kind": "cancel-timer", "turn": turn.value]
        case .ignore(let reason): ["kind": "ignore", "reason": reason.value]
        case .stick(let turn, let reason): ["kind": "stick", "reason": reason.value, "turn": turn.value]
        case .alarm(let reason): ["kind": "alarm", "reason": .string(reason.rawValue)]
        case .finish(let outcome): ["kind": "finish", "outcome": .string(outcome)]
        }
    }

    init(_ reader: ValueReader) throws(FormatError) {
        let kind = try reader.member("kind")
        switch try kind.text() {
        case "send": self = .send(try Command(reader))
        case "set-timer":
            _ = try reader.record(with: ["kind", "turn", "due"])
            self = .setTimer(
                try Turn(try reader.member("turn")), dueMilliseconds: try reader.member("due").integer())
        case "cancel-timer":
            _ = try reader.record(with: ["kind", "turn"])
            self = .cancelTimer(try Turn(try reader.member("turn")))
        case "ignore":
            _ = try reader.record(with: ["kind", "reason"])
            self = .ignore(try IgnoreReason(try reader.member("reason")))
        case "stick":
            _ = try reader.record(with: ["kind", "turn", "reason"])
            self = .stick(
                try Turn(try reader.member("turn")), try StuckReason(try reader.member("reason")))
        case "alarm":
            _ = try reader.record(with: ["kind", "reason"])
            self = .alarm(try reader.member("reason").choice())
        case "finish":
            _ = try reader.record(with: ["kind", "outcome"])
            self = .finish(outcome: try reader.member("outcome").text())
        default: throw kind.error("is no kind of action")
        }
    }
}

extension Command {
    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        _ = try reader.record(with: ["kind", "request", "participant", "name", "payload", "turn"])
        self.init(
            request: try reader.member("request").identifier(),
            participant: try reader.member("participant").text(), name: try reader.member("name").text(),
            payload: try reader.member("payload").record(), turn: try Turn(try reader.member("turn")))
    }
}

extension IgnoreReason {
    fileprivate var value: Value {
        switch self {
        case .notStarted: "not-started"
        case .alreadyStarted: "already-started"
        case .alreadyFinished: "already-finished"
        case .notAwaited: "not-awaited"
        case .misaddressed: "misaddressed"
        case .lateTimer: "late-timer"
        case .notExpected: "not-expected"
        case .wrongSender(let asked): ["asked": .string(asked)]
        case .unfit(let field): ["unfit": .string(field)]
        case .notAllowed(let refusal): ["not-allowed": .string(refusal.rawValue)]
        }
    }

    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        if case .record = reader.value {
            _ = try reader.record(with: ["asked", "unfit", "not-allowed"])
            if let asked = try reader.optionalMember("asked") {
                self = .wrongSender(asked: try asked.text())
            } else if let field = try reader.optionalMember("unfit") {
                self = .unfit(field: try field.text())
            } else {
                self = .notAllowed(try reader.member("not-allowed").choice())
            }
            return
        }
        switch try reader.text() {
        case "not-started": self = .notStarted
        case "already-started": self = .alreadyStarted
        case "already-finished": self = .alreadyFinished
        case "not-awaited": self = .notAwaited
        case "misaddressed": self = .misaddressed
        case "late-timer": self = .lateTimer
        case "not-expected": self = .notExpected
        default: throw reader.error("is no reason to ignore an input")
        }
    }
}

extension StuckReason {
    fileprivate var value: Value {
        switch self {
        case .silence: "silence"
        case .doubtWithoutUndo: "doubt-without-undo"
        case .refused(let reply): ["refused": .string(reply)]
        case .unfit(let reply, let field): ["unfit": .string(reply), "field": .string(field)]
        }
    }

    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        if case .record = reader.value {
            _ = try reader.record(with: ["refused", "unfit", "field"])
            if let reply = try reader.optionalMember("refused") {
                self = .refused(reply: try reply.text())
            } else {
                self = .unfit(reply: try reader.member("unfit").text(), field: try reader.member("field").text())
            }
            return
        }
        switch try reader.text() {
        case "silence": self = .silence
        case "doubt-without-undo": self = .doubtWithoutUndo
        default: throw reader.error("is no reason to be stuck")
        }
    }
}
