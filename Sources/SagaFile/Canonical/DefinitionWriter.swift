import SagaModel

/// Writes a definition in the keys of the file format, for programs.
struct DefinitionWriter {
    private let definition: Definition

    init(_ definition: Definition) {
        self.definition = definition
    }

    var value: Value {
        var record: Record = [
            "saga": .string(definition.name), "version": .integer(Int64(definition.version)), "start": start,
            "data": Spelling.fields(definition.data), "steps": .list(definition.flow.map(flow)),
            "outcomes": .list(definition.outcomes.map(outcome)),
            "participants": .list(ContractSlice(definition).participants),
        ]
        record["deadline"] = definition.deadline.map { .string(ISODuration.spell($0)) }
        record["retention"] = definition.retention.map { .string(ISODuration.spell($0)) }
        record["search"] = names(definition.search)
        record["redact"] = names(definition.redact)
        return .record(record)
    }

    private func names(_ names: [String]) -> Value? {
        names.isEmpty ? nil : .list(names.sorted().map { .string($0) })
    }

    private var start: Value {
        var record: Record = ["event": .string(definition.start.event), "key": .string(definition.start.key)]
        record["set"] = assignments(definition.start.set)
        record["undo"] = definition.start.undo.map { undo($0, definition.start.undoRetry) }
        return .record(record)
    }

    private func outcome(_ outcome: Outcome) -> Value {
        var record: Record = ["outcome": .string(outcome.name), "end": .string(outcome.end.rawValue)]
        record["when"] = outcome.when.map { .string(Spelling.condition($0)) }
        return .record(record)
    }
}

// MARK: Steps

extension DefinitionWriter {
    private func flow(_ flow: Flow) -> Value {
        switch flow {
        case .step(let step): return self.step(step)
        case .parallel(let group):
            let branches = group.branches.map { Value.list($0.map(step)) }
            let record: Record = ["branches": .list(branches), "join": .string(group.join.rawValue)]
            return .record(["parallel": .record(record)])
        }
    }

    private func step(_ step: Step) -> Value {
        var record: Record = ["id": .string(step.id), "kind": .string(step.kind.rawValue)]
        switch step.action {
        case .send(let send):
            record["do"] = .record(call(send))
            record["retry"] = retry(step.retry)
        case .await(let events): record["await"] = wait(events)
        }
        record["timeout"] = timeout(step.retry)
        record["undo"] = step.undo.map { undo($0, step.undoRetry) }
        record["when"] = step.when.map { .string(Spelling.condition($0)) }
        record["on"] = rules(step.on)
        return .record(record)
    }

    private func wait(_ events: AwaitedEvents) -> Value {
        .record([
            "events": .list(events.events.map { .string($0) }), "key": .string(events.key),
            "equals": .string(events.correlation.description), "on-timeout": .string(events.onTimeout.rawValue),
        ])
    }

    private func rules(_ rules: [ReplyRule]) -> Value? {
        var record = Record()
        for rule in rules {
            var entry = Record()
            entry["set"] = assignments(rule.set)
            entry["then"] = rule.verdict.map { .string($0.rawValue) }
            record[rule.reply] = .record(entry)
        }
        return rules.isEmpty ? nil : .record(record)
    }

    private func call(_ call: CommandCall) -> Record {
        var record: Record = ["send": .string(call.type)]
        record["with"] = assignments(call.with)
        return record
    }

    private func undo(_ call: CommandCall, _ policy: RetryPolicy) -> Value {
        var record = self.call(call)
        record["timeout"] = timeout(policy)
        record["retry"] = retry(policy)
        return .record(record)
    }

    private func timeout(_ policy: RetryPolicy) -> Value {
        .string(policy.timeout.map(ISODuration.spell) ?? "never")
    }

    private func retry(_ policy: RetryPolicy) -> Value {
        let attempts: Value = if let count = policy.attempts { .integer(Int64(count)) } else { "forever" }
        return .record([
            "attempts": attempts, "backoff": .string(policy.backoff.rawValue),
            "initial": .string(ISODuration.spell(policy.initial)), "max": .string(ISODuration.spell(policy.max)),
            "jitter": .integer(Int64(policy.jitterPercent)),
        ])
    }

    private func assignments(_ assignments: [Assignment]) -> Value? {
        assignments.isEmpty ? nil : Spelling.assignments(assignments)
    }
}
