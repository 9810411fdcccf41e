package import SagaModel

/// What of the sagas a search has seen happen.
package struct Coverage: Sendable, Hashable {
    /// By saga: the ids of steps that were begun.
    package var begunSteps: [Set<String>] = []
    /// By saga: the ids of steps that were passed over.
    package var skippedSteps: [Set<String>] = []
    /// By saga: step id and reply (or event) that the machine has taken.
    package var replies: [Set<StepReply>] = []
    /// By saga: the names of the outcomes that were reached.
    package var outcomes: [Set<String>] = []
    /// How many instances and decisions there were in all.
    package var instanceCount = 0
    package var decisionCount = 0
}

/// A reply to a step's do or undo.
package struct StepReply: Sendable, Hashable {
    package var step: String
    package var direction: Direction
    package var reply: String

    package init(step: String, direction: Direction, reply: String) {
        self.step = step
        self.direction = direction
        self.reply = reply
    }
}

extension Explorer {
    /// What the decisions asked for tell about the sagas.
    var coverage: Coverage {
        var coverage = Coverage()
        for saga in tables.indices {
            let definition = world.sagas[saga].definition
            var begun: Set<String> = []
            var skipped: Set<String> = []
            for instance in tables[saga].instances {
                for (step, progress) in instance.progress.enumerated() {
                    if progress == .skipped { skipped.insert(definition.steps[step].id) }
                    if progress != .skipped && progress != .ahead { begun.insert(definition.steps[step].id) }
                }
            }
            coverage.begunSteps.append(begun)
            coverage.skippedSteps.append(skipped)
            coverage.replies.append(takenReplies(saga))
            let outcomes = tables[saga].summaries.compactMap {
                $0.outcome < 0 ? nil : definition.outcomes[Int($0.outcome)].name
            }
            coverage.outcomes.append(Set(outcomes))
            coverage.instanceCount += tables[saga].instances.count
            coverage.decisionCount += tables[saga].decided.count
        }
        return coverage
    }

    private func takenReplies(_ saga: Int) -> Set<StepReply> {
        var replies: Set<StepReply> = []
        for (code, number) in tables[saga].usedCodes where !tables[saga].decided[number].isIgnored {
            switch code {
            case .reply(let turn, let variant):
                guard let call = turns[turn].call else { continue }
                replies.insert(
                    StepReply(
                        step: turns[turn].turn.step, direction: turns[turn].key.direction,
                        reply: call.variants[variant].name))
            case .event(let event, let step, _):
                replies.insert(
                    StepReply(
                        step: world.sagas[saga].definition.steps[step].id, direction: .do, reply: world.events[event]))
            case .start, .timer, .deadline, .retry: continue
            }
        }
        return replies
    }
}
