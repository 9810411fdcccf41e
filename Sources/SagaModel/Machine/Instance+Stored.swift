extension Instance {
    /// What the first member of a stored instance says.
    package static let format = "skald-instance/1"

    /// The instance in the form it is stored in: steps by id and data by name, so that a person can read the row.
    package func stored(by definition: CompiledDefinition) -> Value {
        let named = zip(definition.slotNames, data).compactMap { name, value in
            value.map { Record.Member(name: name, value: $0) }
        }
        let steps = zip(definition.steps, progress).map { step, progress in
            Record.Member(name: step.id, value: .string(progress.rawValue))
        }
        // In the order of the names, as a record holds them.
        var record: Record = [
            "data": .record(Record(named)), "deadline-set": .boolean(isDeadlineSet), "format": .string(Self.format),
            "forward-only": .boolean(isForwardOnly), "id": .string(id.description), "key": key,
            "pending": .list(pending.map { $0.stored(by: definition) }), "phase": .string(phase.rawValue),
            "stage": .integer(Int64(stage)), "steps": .record(Record(steps)),
            "trail": .list(trail.map { .string(definition.steps[Int($0)].id) }),
        ]
        record["outcome"] = outcome.map { .string(definition.outcomes[Int($0)].name) }
        if !early.isEmpty { record["early"] = .list(early.map { $0.stored(by: definition) }) }
        let paused = definition.participantNames.indices.filter { pausedParticipants & 1 << UInt64($0) != 0 }
        if !paused.isEmpty { record["paused"] = .list(paused.map { .string(definition.participantNames[$0]) }) }
        return .record(record)
    }

    /// Takes an instance from its stored form.
    ///
    /// - Throws: ``FormatError`` with the place, also where the definition does not know a step that is named.
    package init(stored value: Value, by definition: CompiledDefinition) throws(FormatError) {
        let reader = ValueReader(value)
        guard try reader.member("format").text() == Self.format else {
            throw try reader.member("format").error("is not \(Self.format), the only form this version reads")
        }
        self.init(id: try reader.member("id").identifier(), key: try reader.member("key").value)
        phase = try reader.member("phase").choice()
        isForwardOnly = try reader.member("forward-only").boolean()
        isDeadlineSet = try reader.member("deadline-set").boolean()
        stage = try reader.member("stage").count()
        outcome = try reader.optionalMember("outcome").map { reader throws(FormatError) in
            let name = try reader.text()
            guard let index = definition.outcomes.firstIndex(where: { $0.name == name }) else {
                throw reader.error("is no outcome of \(definition.definition.name)")
            }
            return UInt8(index)
        }
        for step in try reader.member("trail").elements() { trail.append(try step.step(of: definition)) }
        for pending in try reader.member("pending").elements() {
            self.pending.append(try Pending(pending, by: definition))
        }
        for early in try reader.optionalMember("early")?.elements() ?? [] {
            self.early.append(try EarlyEvent(early, by: definition))
        }
        try readNamed(reader, by: definition)
    }

    private mutating func readNamed(_ reader: ValueReader, by definition: CompiledDefinition) throws(FormatError) {
        guard phase != .unstarted else { return }
        let values = try reader.member("data").record(with: definition.slotNames)
        data = definition.slotNames.map { values[$0] }
        let steps = try reader.member("steps")
        _ = try steps.record(with: definition.steps.map(\.id))
        for step in definition.steps { progress.append(try steps.member(step.id).choice()) }
        for participant in try reader.optionalMember("paused")?.elements() ?? [] {
            let name = try participant.text()
            guard let index = definition.participantNames.firstIndex(of: name) else {
                throw participant.error("is no participant of \(definition.definition.name)")
            }
            pausedParticipants |= 1 << UInt64(index)
        }
    }
}

extension ValueReader {
    /// The index of the step named.
    fileprivate func step(of definition: CompiledDefinition) throws(FormatError) -> UInt8 {
        let id = try text()
        guard let index = definition.index(ofStep: id) else {
            throw error("is no step of \(definition.definition.name)")
        }
        return UInt8(index)
    }
}

extension Pending {
    fileprivate func stored(by definition: CompiledDefinition) -> Value {
        var record: Record = [
            "direction": .string(direction.rawValue), "sends": .integer(Int64(spent)),
            "state": .string(state.rawValue), "step": .string(definition.steps[Int(step)].id),
            "try": .integer(Int64(attempt)),
        ]
        if request != .none { record["request"] = .string(request.description) }
        record["due"] = dueMilliseconds.map { .integer($0) }
        return .record(record)
    }

    fileprivate init(_ reader: ValueReader, by definition: CompiledDefinition) throws(FormatError) {
        _ = try reader.record(with: ["step", "direction", "state", "try", "sends", "request", "due"])
        self.init(
            step: try reader.member("step").step(of: definition), direction: try reader.member("direction").choice(),
            state: try reader.member("state").choice(), attempt: try reader.member("try").count(),
            spent: try reader.member("sends").count(),
            request: try reader.optionalMember("request")?.identifier() ?? .none,
            dueMilliseconds: try reader.optionalMember("due")?.integer())
    }
}

extension EarlyEvent {
    fileprivate func stored(by definition: CompiledDefinition) -> Value {
        [
            "step": .string(definition.steps[Int(step)].id), "type": .string(event.type),
            "payload": .record(event.payload),
        ]
    }

    fileprivate init(_ reader: ValueReader, by definition: CompiledDefinition) throws(FormatError) {
        _ = try reader.record(with: ["step", "type", "payload"])
        self.init(
            step: try reader.member("step").step(of: definition),
            event: Event(type: try reader.member("type").text(), payload: try reader.member("payload").record()))
    }
}
