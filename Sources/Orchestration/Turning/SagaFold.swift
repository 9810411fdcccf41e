import Messaging
import SagaModel

/// The inputs of one saga in one transaction, folded in order: one row to write, a history entry for each.
///
/// Pure: the machine decides, this only keeps the books.
struct SagaFold {
    struct Entry {
        var number: Int64
        var input: Input
        var actions: [Action]
        var cause: UUIDv7?
    }

    let definition: RegisteredDefinition
    /// The version in the database; nil while there is no row.
    let storedVersion: Int64?
    let traceparent: String?
    private(set) var instance: Instance
    private(set) var version: Int64
    private(set) var entries: [Entry] = []
    /// What becomes of timers: when they are due, nil for those that were cancelled.
    private(set) var timers: [Turn: Int64?] = [:]

    /// A saga that has no row yet.
    init(starting definition: RegisteredDefinition, traceparent: String?) {
        self.definition = definition
        storedVersion = nil
        self.traceparent = traceparent
        instance = .unstarted
        version = 0
    }

    init(_ definition: RegisteredDefinition, _ instance: Instance, version: Int64, traceparent: String?) {
        self.definition = definition
        self.instance = instance
        storedVersion = version
        self.traceparent = traceparent
        self.version = version
    }

    /// Takes an input.
    ///
    /// - Returns: what is to be done about it.
    @discardableResult
    mutating func take(_ input: Input, cause: UUIDv7?) -> [Action] {
        let actions: [Action]
        (instance, actions) = SagaMachine.decide(definition.compiled, instance, input)
        version += 1
        entries.append(Entry(number: version, input: input, actions: actions, cause: cause))
        for action in actions {
            switch action {
            case .setTimer(let turn, let due): timers[turn] = .some(due)
            case .cancelTimer(let turn): timers[turn] = .some(nil)
            case .send, .ignore, .stick, .alarm, .finish: break
            }
        }
        // A timer that fires is gone, unless it was set again by what followed.
        if case .timerFired(let turn) = input.happening, timers[turn] == nil { timers[turn] = .some(nil) }
        return actions
    }

    var outcome: String? {
        instance.outcome.map { definition.compiled.outcomes[Int($0)].name }
    }

    /// The participants that it takes for paused.
    var pausedParticipants: [String] {
        definition.compiled.participantNames.enumerated()
            .filter { instance.pausedParticipants & 1 << UInt64($0.offset) != 0 }.map(\.element)
    }

    /// The data by which people find the saga.
    var searchText: String {
        let names = definition.compiled.slotNames
        let members = definition.compiled.definition.search.compactMap { name -> Record.Member? in
            guard let slot = names.firstIndex(of: name), let value = instance.data[slot] else { return nil }
            return Record.Member(name: name, value: value)
        }
        return CanonicalJSON.text(of: .record(Record(members)))
    }

    /// The events it waits for now or will wait for, as far as the data says which.
    var waits: [(event: String, field: String, value: String)] {
        if instance.isOver { return [] }
        return definition.compiled.steps.enumerated().flatMap { index, step in
            guard let wait = step.wait, instance.progress[index] == .ahead || instance.progress[index] == .active,
                let value = wait.correlation.value(in: instance, payload: nil)
            else { return [(event: String, field: String, value: String)]() }
            return wait.rules.map { (event: $0.name, field: wait.key, value: CanonicalJSON.text(of: value)) }
        }
    }
}
