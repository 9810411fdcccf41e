extension Input {
    /// The input in the form of history files.
    package var value: Value {
        .record(Record([Record.Member(name: "at", value: .integer(milliseconds))] + happening.record.members))
    }

    init(_ reader: ValueReader) throws(FormatError) {
        milliseconds = try reader.member("at").integer()
        happening = try Happening(reader)
    }
}

extension Input.Happening {
    fileprivate var record: Record {
        switch self {
        case .started(let event):
            ["kind": "started", "payload": .record(event.payload), "saga": .string(event.saga.description)]
        case .replied(let reply):
            [
                "causation": .string(reply.causation.description), "kind": "replied", "name": .string(reply.name),
                "payload": .record(reply.payload), "sender": .string(reply.sender), "turn": reply.turn.value,
            ]
        case .timerFired(let turn): ["kind": "timer-fired", "turn": turn.value]
        case .occurred(let event):
            ["kind": "occurred", "payload": .record(event.payload), "type": .string(event.type)]
        case .ordered(let order): order.record
        case .paused(let participant): ["kind": "paused", "participant": .string(participant)]
        case .resumed(let participant): ["kind": "resumed", "participant": .string(participant)]
        }
    }

    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        let kind = try reader.member("kind")
        switch try kind.text() {
        case "started":
            _ = try reader.record(with: ["at", "kind", "saga", "payload"])
            self = .started(
                StartEvent(
                    saga: try reader.member("saga").identifier(), payload: try reader.member("payload").record()))
        case "replied": self = .replied(try Reply(reader))
        case "timer-fired":
            _ = try reader.record(with: ["at", "kind", "turn"])
            self = .timerFired(try Turn(try reader.member("turn")))
        case "occurred":
            _ = try reader.record(with: ["at", "kind", "type", "payload"])
            self = .occurred(
                Event(type: try reader.member("type").text(), payload: try reader.member("payload").record()))
        case "ordered": self = .ordered(try OperatorOrder(reader))
        case "paused": self = .paused(participant: try Self.participant(reader))
        case "resumed": self = .resumed(participant: try Self.participant(reader))
        default: throw kind.error("is no kind of input")
        }
    }

    private static func participant(_ reader: ValueReader) throws(FormatError) -> String {
        _ = try reader.record(with: ["at", "kind", "participant"])
        return try reader.member("participant").text()
    }
}

extension Reply {
    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        _ = try reader.record(with: ["at", "kind", "causation", "sender", "name", "turn", "payload"])
        self.init(
            causation: try reader.member("causation").identifier(), sender: try reader.member("sender").text(),
            name: try reader.member("name").text(), turn: try Turn(try reader.member("turn")),
            payload: try reader.member("payload").record())
    }
}

extension OperatorOrder {
    fileprivate var record: Record {
        var record: Record = [
            "kind": "ordered", "order": .string(action.rawValue), "reason": .string(reason), "who": .string(who),
        ]
        record["step"] = step.map { .string($0) }
        return record
    }

    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        _ = try reader.record(with: ["at", "kind", "order", "step", "reason", "who"])
        self.init(
            try reader.member("order").choice(), step: try reader.optionalMember("step")?.text(),
            reason: try reader.member("reason").text(), who: try reader.member("who").text())
    }
}
