extension Action {
    /// The action in the form of history files.
    package var value: Value { CanonicalJSON.value { write(to: &$0) } }

    /// Writes actions in the form of history files.
    package static func write(_ actions: [Action], to json: inout CanonicalJSONWriter) {
        json.list { json in for action in actions { action.write(to: &json) } }
    }

    private func write(to json: inout CanonicalJSONWriter) {
        json.record { json in
            switch self {
            case .send(let command): command.writeMembers(to: &json)
            case .setTimer(let turn, let due):
                json.member("due", due)
                json.member("kind", "set-timer")
                json.member("turn", turn.write)
            case .cancelTimer(let turn):
                json.member("kind", "cancel-timer")
                json.member("turn", turn.write)
            case .ignore(let reason):
                json.member("kind", "ignore")
                json.member("reason", reason.write)
            case .stick(let turn, let reason):
                json.member("kind", "stick")
                json.member("reason", reason.write)
                json.member("turn", turn.write)
            case .alarm(let reason):
                json.member("kind", "alarm")
                json.member("reason", reason.rawValue)
            case .finish(let outcome):
                json.member("kind", "finish")
                json.member("outcome", outcome)
            }
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
    fileprivate func writeMembers(to json: inout CanonicalJSONWriter) {
        json.member("kind", "send")
        json.member("name", name)
        json.member("participant", participant)
        json.member("payload", payload)
        json.member("request", request)
        json.member("turn", turn.write)
    }

    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        _ = try reader.record(with: ["kind", "request", "participant", "name", "payload", "turn"])
        self.init(
            request: try reader.member("request").identifier(),
            participant: try reader.member("participant").text(), name: try reader.member("name").text(),
            payload: try reader.member("payload").record(), turn: try Turn(try reader.member("turn")))
    }
}

extension IgnoreReason {
    fileprivate func write(to json: inout CanonicalJSONWriter) {
        switch self {
        case .notStarted: json.write("not-started")
        case .alreadyStarted: json.write("already-started")
        case .alreadyFinished: json.write("already-finished")
        case .notAwaited: json.write("not-awaited")
        case .misaddressed: json.write("misaddressed")
        case .lateTimer: json.write("late-timer")
        case .notExpected: json.write("not-expected")
        case .wrongSender(let asked): json.record { $0.member("asked", asked) }
        case .unfit(let field): json.record { $0.member("unfit", field) }
        case .notAllowed(let refusal): json.record { $0.member("not-allowed", refusal.rawValue) }
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
    fileprivate func write(to json: inout CanonicalJSONWriter) {
        switch self {
        case .silence: json.write("silence")
        case .doubtWithoutUndo: json.write("doubt-without-undo")
        case .refused(let reply): json.record { $0.member("refused", reply) }
        case .unfit(let reply, let field):
            json.record { json in
                json.member("field", field)
                json.member("unfit", reply)
            }
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
