import SagaModel

// MARK: Participants, commands and events

extension SagaResolver {
    /// Finds the participants that a saga needs.
    static func used(
        by draft: SagaDraft, of participants: [String: Participant], types: TypeTable
    ) -> [Participant] {
        var names: Set<String> = []
        func use(_ dotted: String?) {
            if let name = dotted?.split(separator: ".").first { names.insert(String(name)) }
        }
        use(draft.start.event.value)
        use(draft.start.undo?.command.value)
        for step in draft.steps {
            use(step.send?.command.value)
            use(step.undo?.command.value)
            for event in step.await?.events ?? [] { use(event.value) }
        }
        for given in draft.start.given { use(given.name.value) }
        let spoken = names.sorted().compactMap { participants[$0] }
        var fields = spoken.flatMap(\.payloadFields)
        var unsaid = Report(file: "")
        var types = types
        fields += types.resolve(draft.data, within: nil, &unsaid) ?? []
        for type in fields.flatMap({ $0.type.recordNames }) { use(type) }
        return names.sorted().compactMap { participants[$0] }
    }

    mutating func call(_ draft: CallDraft) -> CommandCall {
        let parts = draft.command.value.split(separator: ".").map(String.init)
        // The name was read by the rule for commands, which has two parts.
        let (participant, command) = (parts[0], parts[1])
        if let found = participants[participant] {
            if found.command(named: command) == nil {
                let known = found.commands.map { $0.type(of: participant) }
                report.addUnknown(.unknownCommand, draft.command, what: "command", known: known)
            }
        } else {
            let known = participants.values.flatMap { owner in owner.commands.map { $0.type(of: owner.name) } }
            let nearest = Spelling.nearest(to: draft.command.value, among: known)
            report.add(
                .unknownParticipant, at: draft.command.mark, "there is no participant `\(participant)`",
                hint: nearest.map { "Did you mean `\($0)`?" })
        }
        return CommandCall(participant: participant, command: command, with: Self.assignments(draft.with))
    }

    mutating func checkEvent(_ event: Located<String>) {
        let known = participants.values.flatMap { $0.events.map(\.type) }
        if !known.contains(event.value) { report.addUnknown(.unknownEvent, event, what: "event", known: known) }
    }

    /// Finds an aggregate by its name, which stands alone where only one participant of the saga has it.
    mutating func aggregate(_ name: Located<String>) -> (AggregateName, Aggregate)? {
        // The step that speaks to a participant may be one that could not be read.
        let owners = isWhole ? used : participants.values.sorted { $0.name < $1.name }
        let candidates = owners.flatMap { participant in
            participant.aggregates.map { (AggregateName(participant: participant.name, aggregate: $0.name), $0) }
        }
        let found = candidates.filter { $0.0.description == name.value || $0.0.aggregate == name.value }
        if found.count == 1 || (!isWhole && !found.isEmpty) { return found[0] }
        if found.isEmpty {
            let known = candidates.flatMap { [$0.0.aggregate, $0.0.description] }
            report.addUnknown(.unknownAggregate, name, what: "aggregate", known: known)
        } else {
            report.add(
                .ambiguousAggregate, at: name.mark,
                "`\(name.value)` could be \(found.map { "`\($0.0)`" }.joined(separator: " or "))")
        }
        return nil
    }
}

// MARK: Expressions

extension SagaResolver {
    /// In the order of their fields, as the canonical form has them: a definition read back is the same definition.
    static func assignments(_ drafts: [Named<ExpressionDraft>]) -> [Assignment] {
        drafts.map { Assignment($0.name.value, expression($0.value)) }.sorted { $0.field < $1.field }
    }

    static func expression(_ draft: ExpressionDraft) -> Expression {
        switch draft {
        case .path(let path): .path(self.path(path.value))
        case .literal(let literal): .literal(literal.value)
        case .record(let fields, _): .record(assignments(fields))
        case .list(let items, _): .list(items.map { expression($0) })
        }
    }

    static func path(_ text: String) -> Path {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        // The word was taken for a path because it begins with a root.
        guard let root = Path.Root(rawValue: parts[0]) else { preconditionFailure("`\(text)` has no root") }
        return Path(root, fields: Array(parts.dropFirst()))
    }
}

// MARK: Waiting

extension WaitDraft {
    /// What the file says, over what the step's kind says.
    ///
    /// - Parameter isWait: whether the step waits for events: then nothing is sent, and one wait is all there is.
    func policy(_ standard: RetryPolicy, isWait: Bool = false) -> RetryPolicy {
        var policy = standard
        if isWait { policy.attempts = 1 }
        switch timeout?.value {
        case .after(let duration)?: policy.timeout = duration
        case .never?: policy.timeout = nil
        case nil: break
        }
        switch retry?.attempts?.value {
        case .most(let count)?: policy.attempts = count
        case .forever?: policy.attempts = nil
        case nil: break
        }
        policy.backoff = retry?.backoff ?? policy.backoff
        policy.initial = retry?.initial ?? policy.initial
        policy.max = retry?.max ?? policy.max
        policy.jitterPercent = retry?.jitterPercent ?? policy.jitterPercent
        return policy
    }
}

extension Participant {
    /// The fields of everything that it takes, answers and publishes.
    var payloadFields: [Field] {
        var fields = events.flatMap(\.payload)
        for command in commands {
            fields += command.payload
            for reply in command.successes + command.failures { fields += reply.payload }
        }
        return fields
    }
}

extension DataType {
    /// The names of the record types that the type is made of.
    var recordNames: [String] {
        switch self {
        case .id, .string, .integer, .boolean, .money, .time, .choice: []
        case .list(let inner), .optional(let inner): inner.recordNames
        case .record(let record): [record.name].filter { !$0.isEmpty } + record.fields.flatMap { $0.type.recordNames }
        }
    }
}
