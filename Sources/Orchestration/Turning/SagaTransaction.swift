import Messaging
import Participant
import Postgres
import SagaModel
import Telemetry

/// What takes inputs into sagas, whoever brings them: messages, timers, a person.
///
/// State, history, timers and outgoing commands of all sagas concerned are written in the one transaction it is given.
struct SagaTransaction: Sendable {
    let shelf: DefinitionShelf
    let commands: CommandMaker
    /// The wall clock, in milliseconds since 1970.
    let now: @Sendable () -> Int64
    var log = SagaLog.silent
    /// The sagas as this process wrote them.
    let memory = Lock(InstanceMemory())

    /// What is known of the sagas concerned before the transaction asks.
    enum Knowledge {
        case nothing
        /// Those that are there, locked and read.
        case rows(Rows)
        /// As this process wrote them last. The transaction fails where somebody else has written since.
        case remembered([RememberedInstance])
        /// Nothing has begun by the keys of those to start. The transaction fails where something has.
        case keysAreFree
    }

    /// What became of the inputs.
    struct Result {
        /// What is to be sent, by the place of the message that brought the input.
        var messages: [Int: [OutgoingMessage]] = [:]
        /// What each input came to, in order.
        var decided: [(input: SagaInput, actions: [Action])] = []
        /// Inputs that could not be taken, by place.
        var failures: [Int: any Error] = [:]
        /// The sagas as they stand once the transaction is committed.
        var written: [RememberedInstance] = []

        /// All that is to be sent, in the order of the inputs.
        var outgoing: [OutgoingMessage] { messages.sorted { $0.key < $1.key }.flatMap(\.value) }
    }

    /// Remembers the sagas of a transaction that is committed.
    func remember(_ written: [RememberedInstance]) {
        memory.withLock { memory in for instance in written { memory.keep(instance) } }
    }

    /// Locks the sagas, decides, and queues what is to be written.
    ///
    /// Several inputs of one saga are folded in their order. If there are failures nothing is queued: the transaction is to
    /// be given up.
    ///
    func take(
        _ inputs: [SagaInput], knowing known: Knowledge = .nothing, in transaction: Transaction
    ) async throws -> Result {
        let milliseconds = now()
        let sagas = try await open(inputs, known, at: milliseconds, in: transaction)
        return try await take(inputs, of: sagas, at: milliseconds, in: transaction)
    }

    /// Fires the timers of these sagas that are due by then.
    ///
    /// - Parameter due: in milliseconds since 1970.
    /// - Throws: the failure of any of them; nothing may be committed then.
    func fire(_ locked: Rows, due: Int64, in transaction: Transaction) async throws -> Result {
        var sagas = OpenSagas()
        try await read(locked, &sagas, in: transaction)
        let timers = sagas.folds.flatMap { id, fold in
            fold.timers.prefix { $0.due <= due }.map { (saga: id, turn: $0.turn) }
        }
        let inputs = timers.enumerated().map { place, timer in
            SagaInput(.existing(timer.saga), .timerFired(timer.turn), place: place)
        }
        let result = try await take(inputs, of: sagas, at: now(), in: transaction)
        if let failure = result.failures.first?.value { throw failure }
        return result
    }

    private func take(
        _ inputs: [SagaInput], of sagas: OpenSagas, at milliseconds: Int64, in transaction: Transaction
    ) async throws -> Result {
        var sagas = sagas
        var result = Result()
        for input in inputs { take(input, &sagas, &result, at: milliseconds) }
        if result.failures.isEmpty {
            try await takeEarlyEvents(&sagas, &result, at: milliseconds, in: transaction)
            let folds = Array(sagas.folds.values)
            try InstanceStore.enqueue(folds, at: milliseconds, in: transaction)
            for fold in folds {
                if !fold.entries.isEmpty {
                    result.written.append(RememberedInstance(fold, changedAt: milliseconds))
                } else if var remembered = sagas.remembered[fold.instance.id] {
                    remembered.wakeAt = fold.wake(at: milliseconds)
                    result.written.append(remembered)
                }
            }
        }
        return result
    }

    /// Gives sagas that have begun to wait for events those that came before.
    private func takeEarlyEvents(
        _ sagas: inout OpenSagas, _ result: inout Result, at milliseconds: Int64, in transaction: Transaction
    ) async throws {
        let waits = sagas.folds.flatMap { id, fold in fold.newWaits.map { (saga: id, wait: $0) } }
        if waits.isEmpty { return }
        let found = try await transaction.query([
            EarlyEventStore.lock(waits.map(\.wait)), EarlyEventStore.find(waits),
        ])
        for row in found[1] {
            let (id, happening, cause) = try EarlyEventStore.input(row)
            let input = SagaInput(.existing(id), happening, cause: cause, place: sagas.places[id] ?? 0)
            take(input, into: id, &sagas, &result, at: milliseconds)
        }
    }

    /// Takes an input into the saga it concerns.
    private func take(_ input: SagaInput, _ sagas: inout OpenSagas, _ result: inout Result, at milliseconds: Int64) {
        if let id = sagas.id(of: input.saga), sagas.folds[id] != nil {
            return take(input, into: id, &sagas, &result, at: milliseconds)
        }
        // The key of a start may be taken and its row gone by retention: it ran long ago.
        if case .existing = input.saga { result.failures[input.place] = UnknownSaga(saga: input.saga) }
    }

    private func take(
        _ input: SagaInput, into id: Identifier, _ sagas: inout OpenSagas, _ result: inout Result,
        at milliseconds: Int64
    ) {
        guard let fold = sagas.folds[id] else { return }
        let happening = input.happening.starting(as: id)
        let actions = fold.take(Input(happening, milliseconds: milliseconds), cause: input.cause)
        guard fold.instance.phase != .unstarted else {
            result.failures[input.place] = UnusableStart(definition: fold.definition.name, actions: actions)
            return
        }
        sagas.places[id] = input.place
        log.tell(actions, of: fold)
        result.decided.append((input, actions))
        result.messages[input.place, default: []] += commands.messages(
            actions, of: fold, at: milliseconds, cause: input.cause)
    }

    /// The sagas of a transaction, locked.
    private struct OpenSagas {
        var folds: [Identifier: SagaFold] = [:]
        /// Those that were not read, as this process wrote them last.
        var remembered: [Identifier: RememberedInstance] = [:]
        /// Whose each key is.
        var owners: [SagaStart: Identifier] = [:]
        /// The place of the message that each took last.
        var places: [Identifier: Int] = [:]

        func id(of saga: SagaInput.Saga) -> Identifier? {
            switch saga {
            case .existing(let id): id
            case .starting(let start): owners[start]
            }
        }
    }

    private func open(
        _ inputs: [SagaInput], _ known: Knowledge, at milliseconds: Int64, in transaction: Transaction
    ) async throws -> OpenSagas {
        var sagas = OpenSagas()
        switch known {
        case .rows(let locked): try await read(locked, &sagas, in: transaction)
        case .remembered(let instances):
            for remembered in instances {
                sagas.folds[remembered.instance.id] = SagaFold(remembered, wakeAt: remembered.wakeAt, isRead: false)
            }
        case .nothing: try await open(inputs, &sagas, keysAreFree: false, at: milliseconds, in: transaction)
        case .keysAreFree: try await open(inputs, &sagas, keysAreFree: true, at: milliseconds, in: transaction)
        }
        return sagas
    }

    private func open(
        _ inputs: [SagaInput], _ sagas: inout OpenSagas, keysAreFree: Bool, at milliseconds: Int64,
        in transaction: Transaction
    ) async throws {
        var ids: Set<Identifier> = []
        var starts: [SagaStart: SagaInput] = [:]
        for input in inputs {
            switch input.saga {
            case .existing(let id): ids.insert(id)
            case .starting(let start): starts[start] = starts[start] ?? input
            }
        }
        if keysAreFree {
            if !starts.isEmpty { try transaction.enqueue(InstanceStore.insertion(Array(starts.keys))) }
            for (start, input) in starts { begin(start, start.id, input, at: milliseconds, &sagas) }
        } else if !starts.isEmpty {
            let claimed = try await transaction.query(InstanceStore.claim(Array(starts.keys)))
            try note(claimed: claimed[0], owners: claimed[1], starts, at: milliseconds, &sagas)
            ids.formUnion(sagas.owners.values.filter { sagas.folds[$0] == nil })
        }
        if !ids.isEmpty {
            try await read(try await transaction.query(InstanceStore.lock(Array(ids))), &sagas, in: transaction)
        }
    }

    /// A key was claimed just now: it gets a saga.
    private func begin(
        _ start: SagaStart, _ id: Identifier, _ input: SagaInput, at milliseconds: Int64, _ sagas: inout OpenSagas
    ) {
        sagas.owners[start] = id
        sagas.folds[id] = SagaFold(starting: start.definition, at: milliseconds, traceparent: input.traceparent)
    }

    /// Notes whose each key is; a key that was claimed just now gets a saga.
    private func note(
        claimed: Rows, owners rows: Rows, _ starts: [SagaStart: SagaInput], at milliseconds: Int64,
        _ sagas: inout OpenSagas
    ) throws {
        var new: Set<Identifier> = []
        for row in claimed { new.insert(Identifier(try row.decode(PostgresUUID.self, at: 0))) }
        var owners: [String: [String: Identifier]] = [:]
        for row in rows {
            let (name, key, saga) = try row.decode(String.self, String.self, PostgresUUID.self)
            owners[name, default: [:]][key] = Identifier(saga)
        }
        for (start, input) in starts {
            guard let owner = owners[start.definition.name]?[start.key] else {
                preconditionFailure("a key was claimed and belongs to nobody")
            }
            sagas.owners[start] = owner
            if new.contains(owner) { begin(start, owner, input, at: milliseconds, &sagas) }
        }
    }

    private func read(_ rows: Rows, _ sagas: inout OpenSagas, in transaction: Transaction) async throws {
        var stored: [InstanceStore.Stored] = []
        var forgotten: [Identifier] = []
        for row in rows {
            let found = try InstanceStore.found(row)
            if let remembered = memory.withLock({ $0.take(found.id, found.stamp) }) {
                sagas.remembered[found.id] = remembered
                sagas.folds[found.id] = SagaFold(remembered, wakeAt: found.wakeAt, isRead: true)
            } else if let instance = try InstanceStore.stored(row) {
                stored.append(instance)
            } else {
                forgotten.append(found.id)
            }
        }
        try await shelf.load(stored.map(\.definition), from: transaction)
        for instance in stored {
            guard let definition = shelf.definition(hash: instance.definition) else {
                throw UnknownDefinition(hash: instance.definition)
            }
            sagas.folds[instance.id] = try instance.fold(by: definition)
        }
        // Remembered when the statement was made and not any more: there was no room for it.
        if !forgotten.isEmpty {
            try await read(try await transaction.query(InstanceStore.lock(forgotten)), &sagas, in: transaction)
        }
    }
}

extension Input.Happening {
    /// The start with the id that the saga of its key really has.
    fileprivate func starting(as id: Identifier) -> Input.Happening {
        guard case .started(let event) = self else { return self }
        return .started(StartEvent(saga: id, payload: event.payload))
    }
}

/// A message names a saga that is not there.
struct UnknownSaga: Error, CustomStringConvertible {
    let saga: SagaInput.Saga

    var description: String {
        switch saga {
        case .existing(let id): "there is no saga \(id)"
        case .starting(let start): "the saga with the key \(start.key) is gone"
        }
    }
}

/// An event cannot start the saga it should.
struct UnusableStart: Error, CustomStringConvertible {
    let definition: String
    let actions: [Action]

    var description: String {
        for case .ignore(.unfit(let field)) in actions {
            return "\(definition) cannot start: the event lacks \(field), or has it in another type"
        }
        return "\(definition) cannot start by this event"
    }
}
