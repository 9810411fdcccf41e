import SagaCheck
import SagaFile
import SagaModel

/// Writes a scenario as a file that reads back as the same scenario.
struct ScenarioWriter {
    private let scenario: Scenario

    init(_ scenario: Scenario) {
        self.scenario = scenario
    }

    var text: String {
        let sagas = OrderedValue.list(scenario.sagas.map(word))
        return YAMLWriter.text(of: .mapping([("sagas", sagas), ("scenarios", .list([story]))]))
    }

    private func word(_ text: String) -> OrderedValue { .value(.string(text)) }

    private var story: OrderedValue {
        var members: [(key: String, value: OrderedValue)] = [("scenario", word(scenario.name))]
        if !scenario.about.isEmpty { members.append(("about", word(scenario.about))) }
        if !scenario.given.isEmpty {
            let states = scenario.given.compactMap { given in
                given.states.first.map { (key: given.aggregate.description, value: word($0)) }
            }
            members.append(("given", .mapping(states)))
        }
        if let attempts = scenario.attempts { members.append(("attempts", .value(.integer(Int64(attempts))))) }
        if scenario.rules != .full { members.append(("rules", rules)) }
        members.append(("story", .list(scenario.moments.map(moment))))
        return .mapping(members)
    }

    private var rules: OrderedValue {
        var without: [ProtocolRule] = []
        if !scenario.rules.correlatesReplies { without.append(.correlation) }
        if !scenario.rules.undoesInDoubt { without.append(.inDoubtUndo) }
        if !scenario.rules.fences { without.append(.fence) }
        var members: [(key: String, value: OrderedValue)] = []
        if !without.isEmpty { members.append(("without", .list(without.map { word($0.rawValue) }))) }
        if scenario.rules.inbox != .storedReply { members.append(("inbox", word(scenario.rules.inbox.rawValue))) }
        return .mapping(members)
    }

    private func moment(_ moment: Scenario.Moment) -> OrderedValue {
        var members: [(key: String, value: OrderedValue)] = [("given", .mapping(given(moment.given)))]
        let expectations = moment.expect.map { OrderedValue.mapping(expectation($0)) }
        if expectations.count == 1 { members.append(("expect", expectations[0])) }
        if expectations.count > 1 { members.append(("expect", .list(expectations))) }
        return .mapping(members)
    }

    private typealias Members = [(key: String, value: OrderedValue)]

    private func mention(_ step: Scenario.StepReference) -> OrderedValue {
        var text = step.saga.map { $0 + "/" } ?? ""
        text += step.step
        if step.direction == .undo { text += ".undo" }
        if let attempt = step.attempt { text += "#\(attempt)" }
        return .value(.string(text))
    }

    private func with(_ payload: Record?) -> Members {
        payload.map { [("with", OrderedValue(.record($0)))] } ?? []
    }

    private func fate(_ fate: Occurrence.Fate) -> Members {
        fate == .plain ? [] : [("fate", word(FateWord(fate).rawValue))]
    }

    private func saga(_ name: String?) -> Members { name.map { [("in", word($0))] } ?? [] }

    private func sagaName(_ name: String?) -> OrderedValue { word(name ?? scenario.sagas[0]) }
}

// MARK: What happens

extension ScenarioWriter {
    private func given(_ given: Scenario.Given) -> Members {
        switch given {
        case .started(let saga, let payload): [("start", sagaName(saga))] + with(payload)
        case .replied(let step, let name, let payload):
            [("reply", word(name)), ("to", mention(step))] + with(payload)
        case .handled(let step, let reply, let payload, let fate, let hasEffect):
            [("handled", mention(step))] + (reply.map { [("reply", word($0))] } ?? []) + with(payload) + self.fate(fate)
                + (hasEffect ? [("effect", word(EffectWord.done.rawValue))] : [])
        case .repeated(let step, let fate): [("repeated", mention(step))] + self.fate(fate)
        case .taken(let step, let fate): [("taken", mention(step))] + self.fate(fate)
        case .forged(let step, let reply, let sender, let attempt, let payload):
            [("forged", word(reply)), ("to", mention(step))] + (sender.map { [("sender", word($0))] } ?? [])
                + (attempt.map { [("try", .value(.integer(Int64($0))))] } ?? []) + with(payload)
        case .silence(let step, let fate): [("silence", mention(step))] + self.fate(fate)
        case .deadline(let saga): [("deadline", sagaName(saga))]
        case .lostCommand(let step): [("lost-command", mention(step))]
        case .lostReply(let step): [("lost-reply", mention(step))]
        case .ordered(let saga, let order):
            [("order", word(order.action.rawValue))] + (order.step.map { [("step", word($0))] } ?? []) + self.saga(saga)
                + [("who", word(order.who)), ("reason", word(order.reason))]
        case .occurred(let saga, let event, let payload): [("event", word(event))] + self.saga(saga) + with(payload)
        case .moved(let aggregate, let move): [("move", word(move)), ("of", word(aggregate.description))]
        case .paused(let participant): [("pause", word(participant))]
        case .resumed(let participant): [("resume", word(participant))]
        }
    }
}

// MARK: What is expected

extension ScenarioWriter {
    private func expectation(_ expectation: Scenario.Expectation) -> Members {
        switch expectation {
        case .sends(let commands):
            [("sends", commands.isEmpty ? word("nothing") : .list(commands.map(word)))]
        case .payload(let command, let members):
            [("payloads", .mapping([(command, OrderedValue(.record(members)))]))]
        case .sendsAgain(let isAgain): [("requests", word(isAgain ? "again" : "new"))]
        case .ignored(let reason): [("ignored", word(reason ?? "anyhow"))]
        case .stuck(let saga, let step, let reason):
            self.saga(saga) + [("stuck", word(step))] + (reason.map { [("because", word($0))] } ?? [])
        case .alarm: [("alarm", word("raised"))]
        case .ended(let saga, let outcome): self.saga(saga) + [("ends", word(outcome))]
        case .waiting(let saga): self.saga(saga) + [("state", word("waiting"))]
        case .over(let saga): self.saga(saga) + [("state", word("over"))]
        case .data(let saga, let members): self.saga(saga) + [("data", OrderedValue(.record(members)))]
        case .states(let states):
            [("states", .mapping(states.map { ($0.aggregate.description, .list($0.states.map(word))) }))]
        case .promiseKept(let saga): self.saga(saga) + [("promise", word("kept"))]
        case .undone(let step): [("undone", mention(step))]
        case .unlocked(let aggregate): [("unlocked", word(aggregate.description))]
        case .goesForward: [("undoes", word("nothing"))]
        }
    }
}
