import SagaModel

/// What of a saga no story ever reaches, though its author wrote it down.
struct DeadParts {
    let world: World
    let coverage: Coverage

    init(_ world: World, _ coverage: Coverage) {
        self.world = world
        self.coverage = coverage
    }

    var findings: [Finding] {
        let definition = world.sagas[0].original
        var findings: [Finding] = []
        for step in definition.steps {
            findings += deadSteps(step, in: definition)
            findings += deadReplies(step, in: definition)
        }
        for outcome in definition.outcomes where !coverage.outcomes[0].contains(outcome.name) {
            findings.append(
                Finding(
                    code: .outcomeDead, saga: definition.name, outcome: outcome.name,
                    message: "No story ends as \(outcome.name); is its `when` ever true?"))
        }
        return findings
    }

    private func deadSteps(_ step: Step, in definition: Definition) -> [Finding] {
        guard coverage.begunSteps[0].contains(step.id) else {
            return [
                Finding(
                    code: .stepDead, saga: definition.name, step: step.id,
                    message: "No story begins \(step.id); is its `when` ever true?")
            ]
        }
        guard step.when != nil, !coverage.skippedSteps[0].contains(step.id) else { return [] }
        return [
            Finding(
                code: .guardDead, saga: definition.name, step: step.id,
                message: "No story passes over \(step.id); its `when` is always true and can go.")
        ]
    }

    private func deadReplies(_ step: Step, in definition: Definition) -> [Finding] {
        guard coverage.begunSteps[0].contains(step.id) else { return [] }
        return step.on.compactMap { rule in
            let isTaken = coverage.replies[0].contains(
                StepReply(step: step.id, direction: .do, reply: rule.reply))
            // A refusal because of the state is for sagas that meet; alone, a saga may never be refused.
            guard !isTaken, !isRefusal(rule.reply, of: step, in: definition) else { return nil }
            return Finding(
                code: .replyDead, saga: definition.name, step: step.id,
                message: "No story brings \(rule.reply) to \(step.id), so its rule never applies.")
        }
    }

    private func isRefusal(_ reply: String, of step: Step, in definition: Definition) -> Bool {
        guard case .send(let call) = step.action else { return false }
        let contract = definition.participant(named: call.participant)?.command(named: call.command)
        return contract?.refusal == reply
    }
}
