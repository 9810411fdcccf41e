extension Instance {
    /// What the first member of a stored instance says.
    package static let format = "skald-instance/1"

    /// The instance in the form it is stored in: steps by id and data by name, so that a person can read the row.
    package func storedText(by definition: CompiledDefinition) -> String {
        CanonicalJSON.text { write(to: &$0, by: definition) }
    }

    /// Writes the form it is stored in.
    package func write(to json: inout CanonicalJSONWriter, by definition: CompiledDefinition) {
        json.record { json in
            json.name("data")
            writeData(to: &json, by: definition)
            json.member("deadline-set", isDeadlineSet)
            if !early.isEmpty {
                json.name("early")
                json.list { json in for event in early { event.write(to: &json, by: definition) } }
            }
            json.member("format", Self.format)
            json.member("forward-only", isForwardOnly)
            json.member("id", id)
            json.member("key", key)
            writeProgress(to: &json, by: definition)
        }
    }

    /// The members from `outcome` on.
    private func writeProgress(to json: inout CanonicalJSONWriter, by definition: CompiledDefinition) {
        if let outcome {
            json.member("outcome", definition.outcomes[Int(outcome)].name)
        }
        if pausedParticipants != 0 {
            json.name("paused")
            json.list { json in
                for (index, name) in definition.participantNames.enumerated()
                where pausedParticipants & 1 << UInt64(index) != 0 { json.write(name) }
            }
        }
        json.name("pending")
        json.list { json in for pending in pending { pending.write(to: &json, by: definition) } }
        json.member("phase", phase.rawValue)
        json.member("stage", Int64(stage))
        json.name("steps")
        json.record { json in
            // An instance that never began has none.
            for index in definition.stepsByName where index < progress.count {
                json.name(definition.steps[index].id)
                json.write(progress[index].rawValue)
            }
        }
        json.name("trail")
        json.list { json in for step in trail { json.write(definition.steps[Int(step)].id) } }
    }

    private func writeData(to json: inout CanonicalJSONWriter, by definition: CompiledDefinition) {
        json.record { json in
            for slot in definition.slotsByName where slot < data.count {
                guard let value = data[slot] else { continue }
                json.name(definition.slotNames[slot])
                json.write(value)
            }
        }
    }

    /// Takes an instance from its stored form.
    ///
    /// - Throws: ``FormatError`` with the place, also where the definition does not know a step that is named, or the
    ///   parts do not fit each other.
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
        try check(by: definition)
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
    fileprivate func write(to json: inout CanonicalJSONWriter, by definition: CompiledDefinition) {
        json.record { json in
            json.member("direction", direction.rawValue)
            if let dueMilliseconds {
                json.member("due", dueMilliseconds)
            }
            if request != .none {
                json.member("request", request)
            }
            json.member("sends", Int64(spent))
            json.member("state", state.rawValue)
            json.member("step", definition.steps[Int(step)].id)
            json.member("try", Int64(attempt))
        }
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
    fileprivate func write(to json: inout CanonicalJSONWriter, by definition: CompiledDefinition) {
        json.record { json in
            json.member("payload", event.payload)
            json.member("step", definition.steps[Int(step)].id)
            json.member("type", event.type)
        }
    }

    fileprivate init(_ reader: ValueReader, by definition: CompiledDefinition) throws(FormatError) {
        _ = try reader.record(with: ["step", "type", "payload"])
        self.init(
            step: try reader.member("step").step(of: definition),
            event: Event(type: try reader.member("type").text(), payload: try reader.member("payload").record()))
    }
}
