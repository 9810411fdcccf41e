extension DefinitionResolver {
    /// Resolves a command and the rules of its replies.
    ///
    /// - Parameter kind: the step's kind, or nil for an undo, which is repeated whatever it answers.
    mutating func call(_ call: CommandCall, rules: [ReplyRule], kind: StepKind?, at place: [String]) -> CompiledCall? {
        guard let participantIndex = definition.participants.firstIndex(where: { $0.name == call.participant }) else {
            fault(.unknownParticipant, at: place + ["send"], "No participant is named `\(call.participant)`.")
            return nil
        }
        let participant = definition.participants[participantIndex]
        guard let contract = participant.command(named: call.command) else {
            fault(
                .unknownCommand, at: place + ["send"],
                "`\(call.participant)` has no command `\(call.command)`; it has "
                    + participant.commands.map(\.name).joined(separator: ", ") + ".")
            return nil
        }
        let payload = templates(call.with, contract: contract.payload, at: place + ["with"])
        return CompiledCall(
            participant: call.participant, participantIndex: participantIndex, name: call.command, payload: payload,
            rules: compile(
                rules, of: contract, kind: kind, isFenced: participant.commands.contains { $0.undoes == contract.name },
                at: Array(place.dropLast()) + ["on"]))
    }

    private mutating func compile(
        _ rules: [ReplyRule], of contract: CommandContract, kind: StepKind?, isFenced: Bool, at place: [String]
    ) -> [CompiledRule] {
        let declared = contract.successes.map { ($0, true) } + contract.failures.map { ($0, false) }
        for rule in rules where !declared.contains(where: { $0.0.name == rule.reply }) {
            fault(
                .unknownReply, at: place + [rule.reply],
                "`\(contract.name)` never answers `\(rule.reply)`; it answers "
                    + declared.map(\.0.name).joined(separator: ", ") + ".")
        }
        return declared.map { reply, isSuccess in
            let rule = rules.first { $0.reply == reply.name }
            if reply.certainty == .unclear, rule?.verdict == .retry, kind != .retriable || isFenced {
                fault(
                    .unclearRetry, at: place + [reply.name],
                    "After `\(reply.name)` the step may have had its effect; a new try could have it twice.")
            }
            if isSuccess, rule?.verdict == .retry, isFenced {
                fault(
                    .unclearRetry, at: place + [reply.name],
                    "After `\(reply.name)` the step is done; the fence keeps a new try out.")
            }
            return CompiledRule(
                name: reply.name, isSuccess: isSuccess, isUnclear: reply.certainty == .unclear,
                verdict: rule?.verdict ?? Self.defaultVerdict(isSuccess: isSuccess, kind: kind),
                set: assignments(
                    rule?.set ?? [], payload: reply.payload, root: .reply, at: place + [reply.name, "set"]))
        }
    }

    private static func defaultVerdict(isSuccess: Bool, kind: StepKind?) -> ReplyRule.Verdict {
        if isSuccess { return .proceed }
        return switch kind {
        case .check?, .compensatable?, .pivot?: .fail
        case .retriable?, nil: .retry
        }
    }

    private mutating func templates(
        _ assignments: [Assignment], contract: [Field], at place: [String]
    ) -> [CompiledAssignment.Template] {
        var templates: [CompiledAssignment.Template] = []
        for assignment in assignments {
            let here = place + [assignment.field]
            guard let field = contract.first(where: { $0.name == assignment.field }) else {
                fault(.unknownField, at: here, "The command's payload has no field `\(assignment.field)`.")
                continue
            }
            guard let value = typed(assignment.value, as: field.type, at: here) else { continue }
            templates.append(CompiledAssignment.Template(field: assignment.field, value: value))
        }
        for field in contract where !field.type.isOptional {
            guard !assignments.contains(where: { $0.field == field.name }) else { continue }
            fault(.missingField, at: place, "The command needs `\(field.name)`, of type \(field.type).")
        }
        return templates.sorted { $0.field.utf8.lexicographicallyPrecedes($1.field.utf8) }
    }

    /// Resolves what goes into `data` from a payload at hand.
    mutating func assignments(
        _ assignments: [Assignment], payload: [Field], root: Path.Root, at place: [String]
    ) -> [CompiledAssignment] {
        assignments.compactMap { assignment in
            let here = place + [assignment.field]
            guard let slot = definition.data.firstIndex(where: { $0.name == assignment.field }) else {
                fault(.unknownField, at: here, "`data` has no field `\(assignment.field)`; declare it there.")
                return nil
            }
            let type = definition.data[slot].type
            let scope = Scope(payload: payload, root: root)
            guard let value = typed(assignment.value, as: type, scope: scope, at: here) else { return nil }
            return CompiledAssignment(slot: slot, field: assignment.field, type: type, value: value)
        }
    }
}
