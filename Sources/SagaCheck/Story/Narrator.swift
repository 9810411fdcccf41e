import SagaModel

/// Puts occurrences into words.
struct Narrator {
    let world: World

    func beginning(_ values: [AggregateValue]) -> String {
        let states = zip(world.aggregates, values).filter { $1.state != $0.initial }.map { aggregate, value in
            "\(aggregate.name) is \(aggregate.states[Int(value.state)])"
        }
        return states.isEmpty ? "In the beginning there is nothing." : "In the beginning \(list(states))."
    }

    func sentence(for occurrence: Occurrence, _ happened: Happened) -> String {
        switch occurrence {
        case .started(let saga, _):
            "`\(world.sagas[saga].original.start.event)` starts \(name(saga)). \(consequence(happened))"
        case .handled(let key, _, _): handling(key, happened)
        case .repeated(let key, _): handlingAgain(key, happened)
        case .answered(let key, _, _): taking(key, happened)
        case .timerFired(let key, _): timer(key, happened)
        case .deadlinePassed(let saga): "The deadline of \(name(saga)) passes. \(consequence(happened))"
        case .retried(let saga): "An operator lets \(name(saga)) try again. \(consequence(happened))"
        case .published(let event): "Somebody publishes `\(world.events[event])`."
        case .arrived(let event, let saga, _, _):
            "`\(world.events[event])` reaches \(name(saga)). \(consequence(happened))"
        case .moved(let aggregate, _):
            "\(world.aggregates[aggregate].name) changes by itself (\(happened.move ?? "")): \(change(happened))."
        case .lostCommand(let key): "\(command(key)) ends among the dead letters."
        case .lostReply(let key, _):
            "The reply \(happened.answer ?? "") to \(command(key)) ends among the dead letters."
        case .lostEvent(let event, let saga):
            "`\(world.events[event])`, on its way to \(name(saga)), ends among the dead letters."
        }
    }

    // MARK: Participants

    private func handling(_ key: TurnKey, _ happened: Happened) -> String {
        let participant = participant(key)
        let answer = happened.answer ?? ""
        let sentence =
            switch happened.manner {
            case .fenced:
                "\(participant) refuses \(command(key)), because the step was undone before, and answers \(answer)."
            case .nothingToUndo:
                "\(participant) handles \(command(key)) and finds nothing to undo; it answers \(answer)."
            case .ordinary, .answeredAgain, .droppedAgain, .lost:
                "\(participant) handles \(command(key))\(effect(happened)) and answers \(answer)."
            }
        return sentence + fate(happened, who: participant, what: "the command")
    }

    private func handlingAgain(_ key: TurnKey, _ happened: Happened) -> String {
        let participant = participant(key)
        guard happened.manner == .answeredAgain else {
            return "\(participant) gets \(command(key)) again and drops it without an answer."
        }
        return "\(participant) gets \(command(key)) again and gives the stored answer \(happened.answer ?? "") again."
            + fate(happened, who: participant, what: "the command")
    }

    private func effect(_ happened: Happened) -> String {
        happened.change == nil ? ", which changes nothing," : ": \(change(happened)),"
    }

    private func change(_ happened: Happened) -> String {
        guard let change = happened.change else { return "nothing" }
        let aggregate = world.aggregates[change.aggregate]
        return "\(aggregate.name.aggregate) \(aggregate.states[Int(change.from)]) → \(aggregate.states[Int(change.to)])"
    }

    private func fate(_ happened: Happened, who: String, what: String) -> String {
        switch happened.fate {
        case .plain: ""
        case .duplicated: " The broker will deliver \(what) once more."
        case .crashedBeforePublishing:
            " \(who) crashes before it publishes; \(what) comes again, and what was committed is published later."
        case .crashedAfterPublishing:
            " \(who) crashes before the broker's confirm is noted; \(what) comes again, and what was committed is "
                + "published twice."
        }
    }

    // MARK: Sagas

    private func taking(_ key: TurnKey, _ happened: Happened) -> String {
        "\(name(Int(key.saga))) takes \(happened.answer ?? ""), the reply to \(command(key)). \(consequence(happened))"
            + fate(happened, who: "The orchestrator", what: "the reply")
    }

    private func timer(_ key: TurnKey, _ happened: Happened) -> String {
        let step = world.sagas[Int(key.saga)].definition.steps[Int(key.step)]
        let what = key.direction == .undo ? "the undo of \(step.id)" : step.id
        let early = happened.isEarly ? " although the answer is still to come" : ""
        return "The timer of \(what) in \(name(Int(key.saga))) fires\(early). \(consequence(happened))"
            + fate(happened, who: "The orchestrator", what: "the timer")
    }

    func consequence(_ happened: Happened) -> String {
        var parts: [String] = []
        let sent = happened.actions.compactMap { if case .send(let command) = $0 { command } else { nil } }
        if !sent.isEmpty { parts.append("sends " + list(sent.map { "\($0.participant).\($0.name)" })) }
        for action in happened.actions {
            switch action {
            case .ignore(let reason): parts.append("ignores it (\(reason.words))")
            case .stick(let turn, let reason): parts.append("is stuck at \(turn.step): \(reason.words)")
            case .alarm(let reason): parts.append("raises an alarm: \(reason.rawValue)")
            case .finish(let outcome): parts.append("ends as \(outcome)")
            case .send, .setTimer, .cancelTimer: break
            }
        }
        return parts.isEmpty ? "It waits on." : "It \(list(parts))."
    }

    // MARK: Names

    func name(_ saga: Int) -> String { world.sagas[saga].original.name }

    private func participant(_ key: TurnKey) -> String {
        let call = world.sagas[Int(key.saga)].steps[Int(key.step)].call(key.direction)
        return call.map { world.commands[$0.command].participant } ?? ""
    }

    private func command(_ key: TurnKey) -> String {
        let call = world.sagas[Int(key.saga)].steps[Int(key.step)].call(key.direction)
        let command = call.map { world.commands[$0.command].name } ?? ""
        let saga = world.sagas.count > 1 ? " of \(name(Int(key.saga)))" : ""
        return command + saga + (key.attempt > 1 ? " (try \(key.attempt))" : "")
    }

    private func list(_ parts: [String]) -> String {
        guard parts.count > 1, let last = parts.last else { return parts.first ?? "" }
        return parts.dropLast().joined(separator: ", ") + " and " + last
    }
}

extension IgnoreReason {
    /// The reason as a person says it.
    package var words: String {
        switch self {
        case .notStarted: "the saga has not started"
        case .alreadyStarted: "the saga has started already"
        case .alreadyFinished: "the saga has ended"
        case .notAwaited: "that request is not awaited"
        case .misaddressed: "it names another step, direction or try than the request"
        case .wrongSender(let asked): "only \(asked) was asked"
        case .lateTimer: "that wait is over"
        case .notExpected: "nothing waits for it"
        case .unfit(let field): "the field `\(field)` is missing or has the wrong type"
        case .notAllowed(let refusal): refusal.rawValue
        }
    }
}

extension StuckReason {
    /// The reason as a person says it.
    package var words: String {
        switch self {
        case .silence: "no answer came"
        case .refused(let reply): "it was answered \(reply)"
        case .unfit(let reply, let field): "the field `\(field)` of \(reply) is missing or has the wrong type"
        case .doubtWithoutUndo: "the step may have had its effect and has no undo"
        }
    }
}
