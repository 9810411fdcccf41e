extension Input {
    /// What may be read as a time, in milliseconds since 1970: durations are added to it, which must not overflow.
    static let times = 0...(Int64.max / 4)

    /// The input in the form of history files.
    package var value: Value { CanonicalJSON.value { write(to: &$0) } }

    /// Writes the form of history files.
    package func write(to json: inout CanonicalJSONWriter) {
        json.record { json in
            json.member("at", milliseconds)
            happening.writeMembers(to: &json)
        }
    }

    init(_ reader: ValueReader) throws(FormatError) {
        let at = try reader.member("at")
        milliseconds = try at.integer()
        guard Self.times.contains(milliseconds) else { throw at.error("is at no time") }
        happening = try Happening(reader)
    }
}

extension Input.Happening {
    /// The members behind `at`.
    fileprivate func writeMembers(to json: inout CanonicalJSONWriter) {
        switch self {
        case .started(let event):
            json.member("kind", "started")
            json.member("payload", event.payload)
            json.member("saga", event.saga)
        case .replied(let reply): reply.writeMembers(to: &json)
        case .timerFired(let turn):
            json.member("kind", "timer-fired")
            json.member("turn", turn.write)
        case .occurred(let event):
            json.member("kind", "occurred")
            json.member("payload", event.payload)
            json.member("type", event.type)
        case .ordered(let order): order.writeMembers(to: &json)
        case .paused(let participant):
            json.member("kind", "paused")
            json.member("participant", participant)
        case .resumed(let participant):
            json.member("kind", "resumed")
            json.member("participant", participant)
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
    fileprivate func writeMembers(to json: inout CanonicalJSONWriter) {
        json.member("causation", causation)
        json.member("kind", "replied")
        json.member("name", name)
        json.member("payload", payload)
        json.member("sender", sender)
        json.member("turn", turn.write)
    }

    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        _ = try reader.record(with: ["at", "kind", "causation", "sender", "name", "turn", "payload"])
        self.init(
            causation: try reader.member("causation").identifier(), sender: try reader.member("sender").text(),
            name: try reader.member("name").text(), turn: try Turn(try reader.member("turn")),
            payload: try reader.member("payload").record())
    }
}

extension OperatorOrder {
    fileprivate func writeMembers(to json: inout CanonicalJSONWriter) {
        json.member("kind", "ordered")
        json.member("order", action.rawValue)
        json.member("reason", reason)
        if let step {
            json.member("step", step)
        }
        json.member("who", who)
    }

    fileprivate init(_ reader: ValueReader) throws(FormatError) {
        _ = try reader.record(with: ["at", "kind", "order", "step", "reason", "who"])
        self.init(
            try reader.member("order").choice(), step: try reader.optionalMember("step")?.text(),
            reason: try reader.member("reason").text(), who: try reader.member("who").text())
    }
}
