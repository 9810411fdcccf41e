import Messaging
import SagaModel

/// The inputs of one saga in one transaction, folded in order: one row to write, a history entry for each.
///
/// Pure: the machine decides, this only keeps the books. An object, for it is handed from list to list and much is in it.
final class SagaFold {
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
    /// In milliseconds since 1970.
    let startedAt: Int64
    /// When the row says that the saga is to be looked at for timers that are due, at the latest.
    let wakeAt: Int64?
    /// What its row is taken to be, where that was not read.
    let assumed: InstanceStamp?
    /// How long its stored form is, once it is written.
    var storedByteCount = 0
    /// What it waited for when it was read.
    private var storedWaits: Set<SagaWait> = []

    /// A saga that has no row yet.
    init(starting definition: RegisteredDefinition, at startedAt: Int64, traceparent: String?) {
        self.definition = definition
        storedVersion = nil
        self.traceparent = traceparent
        instance = .unstarted
        version = 0
        self.startedAt = startedAt
        wakeAt = nil
        assumed = nil
    }

    init(
        _ definition: RegisteredDefinition, _ instance: Instance, version: Int64, traceparent: String?,
        startedAt: Int64, wakeAt: Int64?, assumed: InstanceStamp? = nil
    ) {
        self.definition = definition
        self.instance = instance
        storedVersion = version
        self.traceparent = traceparent
        self.version = version
        self.startedAt = startedAt
        self.wakeAt = wakeAt
        self.assumed = assumed
        if definition.hasWaits { storedWaits = Set(waits) }
    }

    /// Takes an input.
    ///
    /// - Returns: what is to be done about it.
    @discardableResult
    func take(_ input: Input, cause: UUIDv7?) -> [Action] {
        let actions: [Action]
        (instance, actions) = SagaMachine.decide(definition.compiled, instance, input)
        version += 1
        entries.append(Entry(number: version, input: input, actions: actions, cause: cause))
        return actions
    }

    /// The timers that run, in the order in which they fire.
    var timers: [(turn: Turn, due: Int64)] {
        var timers = instance.timers(by: definition.compiled)
        if instance.isDeadlineSet, let deadline = definition.compiled.deadlineMilliseconds {
            timers.append((.deadline, startedAt + deadline))
        }
        return timers.sorted { $0.due < $1.due }
    }

    /// When the saga is to be looked at again, at the latest; nil for never.
    ///
    /// What the row says stays as long as it is early enough: the index on it costs more to change than a look in vain.
    func wake(at now: Int64) -> Int64? {
        if instance.isOver { return nil }
        let next = timers.first?.due
        if let wakeAt, wakeAt > now, wakeAt <= next ?? .max { return wakeAt }
        return next
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
    var waits: [SagaWait] {
        if instance.isOver { return [] }
        return definition.compiled.steps.enumerated().flatMap { index, step in
            guard let wait = step.wait, instance.progress[index] == .ahead || instance.progress[index] == .active,
                let value = wait.correlation.value(in: instance, payload: nil)
            else { return [SagaWait]() }
            return wait.rules.map {
                SagaWait(event: $0.name, field: wait.key, value: CanonicalJSON.text(of: value))
            }
        }
    }

    /// The events it waits for now and did not when it was read.
    var newWaits: [SagaWait] {
        definition.hasWaits && instance.phase != .unstarted ? waits.filter { !storedWaits.contains($0) } : []
    }
}

/// What a saga waits for: an event that says this of one of its fields.
struct SagaWait: Sendable, Hashable {
    var event: String
    var field: String
    /// Canonical text.
    var value: String
}
