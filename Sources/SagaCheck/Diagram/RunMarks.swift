import SagaModel

/// What a run's history says of each step.
struct RunMarks {
    private(set) var marks: [String: Diagram.Mark] = [:]
    /// The marks of undos, by the step they undo.
    private(set) var undoMarks: [String: Diagram.Mark] = [:]
    /// How often each turn's command was sent, and how long its answer took.
    private(set) var notes: [Turn: String] = [:]
    private(set) var outcome: String?

    init(_ history: History, of definition: CompiledDefinition) {
        let instance = history.instance(with: definition)
        for (step, progress) in zip(definition.steps, instance.progress) {
            marks[step.id] = Self.mark(progress)
            undoMarks[step.id] = progress == .undone ? .done : progress == .undoing ? .active : .plain
        }
        for pending in instance.pending where pending.state.isStuck {
            let id = definition.steps[Int(pending.step)].id
            if pending.isCompensation { undoMarks[id] = .stuck } else { marks[id] = .stuck }
        }
        outcome = instance.outcome.map { definition.outcomes[Int($0)].name }
        note(history)
    }

    private static func mark(_ progress: Instance.Progress) -> Diagram.Mark {
        switch progress {
        case .ahead: .plain
        case .active: .active
        case .done: .done
        case .skipped: .skipped
        case .failed: .failed
        case .inDoubt, .undoing: .inDoubt
        case .undone: .undone
        }
    }

    private mutating func note(_ history: History) {
        var sends: [Turn: (count: Int, first: Int64)] = [:]
        for entry in history.entries {
            for case .send(let command) in entry.actions {
                sends[command.turn, default: (0, entry.input.milliseconds)].count += 1
            }
            guard case .replied(let reply) = entry.input.happening, !isIgnored(entry) else { continue }
            guard let sent = sends[reply.turn] else { continue }
            let took = "\(reply.name) after \(entry.input.milliseconds - sent.first) ms"
            notes[reply.turn] = sent.count > 1 ? took + ", \(sent.count) sends" : took
        }
        for (turn, sent) in sends where notes[turn] == nil {
            notes[turn] = sent.count > 1 ? "no reply, \(sent.count) sends" : "no reply"
        }
    }

    private func isIgnored(_ entry: History.Entry) -> Bool {
        entry.actions.contains { if case .ignore = $0 { true } else { false } }
    }

    /// What is said of a step in one direction: of its latest try.
    func note(_ step: String, _ direction: Direction) -> String? {
        let turns = notes.keys.filter { $0.step == step && $0.direction == direction }
        guard let latest = turns.max(by: { $0.attempt < $1.attempt }) else { return nil }
        return latest.attempt > 1 ? "try \(latest.attempt): \(notes[latest] ?? "")" : notes[latest]
    }
}
