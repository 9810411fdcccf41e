import Messaging
import Postgres
import Telemetry

/// How one attempt at a run ended, and why if it failed.
struct RunAttempt: Sendable {
    let end: RunEnd
    /// Why it failed as a whole.
    var cause: (any Error)?
    /// Why single members failed, by their place in the batch.
    var causes: [Int: any Error] = [:]

    func cause(of member: Int) -> (any Error)? { causes[member] ?? cause }
}

/// Performs what the machine of one run says: two round trips to the database and the handlers between them; one, if it is
/// optimistic.
struct BatchRunner {
    private let worker: QueueWorker
    private let batch: Batch
    private let run: BatchRun
    private let twins: [Int: [Int]]
    /// The message whose mark goes with the commit, if this run is a suspect.
    private let suspect: UUIDv7?
    private var machine: DeliveryMachine
    /// The outgoing messages of the run, in the order of the machine's rows.
    private var rows: [OutgoingMessage] = []
    private var resends: [Int: OutgoingMessage] = [:]
    /// How members were answered, by their place in the run; for the log alone.
    private var answers: [Int: MessageType?] = [:]
    private var duplicateCount = 0
    /// What the handler wants to be told after the commit.
    private var committed: (@Sendable () -> Void)?
    /// Whether the run takes for granted what others read first.
    private var isOptimistic = false

    init(_ worker: QueueWorker, _ batch: Batch, _ run: BatchRun, twins: [Int: [Int]], suspect: UUIDv7? = nil) {
        self.worker = worker
        self.batch = batch
        self.run = run
        self.twins = twins
        self.suspect = suspect
        machine = DeliveryMachine(
            run.members.map { place in
                let member = batch.members[place]
                return DeliveryMachine.Member(
                    id: member.envelope.id, direction: member.fence == nil ? nil : member.item.direction)
            })
    }

    mutating func attempt() async -> RunAttempt {
        let start = ContinuousClock.now
        let deleted = worker.surroundings.dispatch.ledger.takeConfirmed()
        do {
            try await transact(deleting: deleted)
        } catch {
            // Deleted or not, deleting them again does no harm.
            worker.surroundings.dispatch.ledger.confirmed(deleted)
            return failed(error)
        }
        committed?()
        if isOptimistic { worker.optimism.withLock { $0.paidOff() } }
        worker.metrics.seconds.observe(ContinuousClock.now - start)
        worker.metrics.batchSize.observe(Double(run.members.count))
        settle()
        return RunAttempt(end: .committed)
    }

    private mutating func transact(deleting confirmed: [UUIDv7]) async throws {
        let database = worker.surroundings.database
        let store = RunStore(epoch: database.epoch)
        let assumed = assume()
        // The inbox tells what became of a commit whose answer was lost, so the server need not be asked for an id.
        try await database.pool.withTransaction(tracksOutcome: false, retry: .never) { transaction in
            let (decisions, opening): ([Int: FenceDecision]?, RunOpening) =
                if let assumed {
                    (try openOptimistically(store, in: transaction), .assumed(assumed))
                } else {
                    try await open(store, in: transaction)
                }
            // An optimistic run has sent nothing yet.
            if !isOptimistic { CrashPoint.claimed.reach() }
            if let suspect { try transaction.enqueue(SuspectStore.removal(of: suspect)) }
            guard let decisions else { return try store.enqueueDeletion(confirmed, in: transaction) }
            let handled = try await handle(decisions, opening, in: transaction)
            if !isOptimistic { CrashPoint.handled.reach() }
            // Behind the rows that handlers lock, as everybody else does, and before a row with one of these ids is written anew.
            try store.enqueueDeletion(confirmed, in: transaction)
            try write(handled.members, store, in: transaction)
            committed = handled.committed
            CrashPoint.written.reach()
            CrashPoint.commitSoon()
        }
        CrashPoint.committed.reach()
        if !confirmed.isEmpty { CrashPoint.deleted.reach() }
    }

    /// What the handler takes for granted; nil if the run has to read first.
    ///
    /// A suspect leaves a mark before it begins, and what belongs to a pair of do and undo must know its fence.
    private mutating func assume() -> (any Sendable)? {
        guard run.mayBeOptimistic, suspect == nil, run.members.allSatisfy({ batch.members[$0].fence == nil }),
            worker.optimism.withLock({ $0.mayTry() })
        else { return nil }
        let assumed = worker.queue.handler.assume(run.members.map { batch.members[$0].item })
        isOptimistic = assumed != nil
        return assumed
    }

    private mutating func openOptimistically(
        _ store: RunStore, in transaction: Transaction
    ) throws(PostgresError) -> [Int: FenceDecision] {
        let begin = machine.begin()
        precondition(begin == .open, "a run begins with \(begin)")
        try store.enqueueOpening(members, keys: keys, in: transaction)
        guard case .handle(let decisions) = machine.opened(duplicates: [:], fences: [:]) else {
            preconditionFailure("there is something to do for what is new")
        }
        return decisions
    }

    private var members: [RunStore.Member] {
        run.members.map { place in
            let member = batch.members[place]
            return RunStore.Member(
                id: member.envelope.id, type: member.envelope.type, saga: member.envelope.correlationID,
                fence: member.fence)
        }
    }

    /// The keys that are held against other processes.
    private var keys: [String] { worker.queue.handler.locksKeys ? run.keys : [] }

    /// - Returns: what the members are to do, nil if all of them were handled before; and what the handler asked for.
    private mutating func open(
        _ store: RunStore, in transaction: Transaction
    ) async throws(PostgresError) -> ([Int: FenceDecision]?, RunOpening) {
        let begin = machine.begin()
        precondition(begin == .open, "a run begins with \(begin)")
        let members = members
        let opening = worker.queue.handler.opening(run.members.map { batch.members[$0].item })
        let opened = try await store.open(members, keys: keys, opening: opening, in: transaction)
        var duplicates: [Int: Bool] = [:]
        var fences: [Int: FenceState] = [:]
        for (place, member) in members.enumerated() {
            if opened.claimed.contains(member.id) {
                fences[place] = member.fence.flatMap { opened.fences[$0.key] }
            } else {
                resends[place] = opened.replies[member.id]
                duplicates[place] = resends[place] != nil
            }
        }
        duplicateCount = duplicates.count
        switch machine.opened(duplicates: duplicates, fences: fences) {
        case .close: return (nil, .read(opened.rows))
        case .handle(let decisions): return (decisions, .read(opened.rows))
        case let action: preconditionFailure("an opened run goes on with \(action)")
        }
    }

    private func handle(
        _ decisions: [Int: FenceDecision], _ opening: RunOpening, in transaction: Transaction
    ) async throws(RunHandlingError) -> HandledRun {
        var members: [Int: RunMember] = [:]
        for (place, decision) in decisions {
            members[place] = RunMember(batch.members[run.members[place]], decision)
        }
        let placeOfMember = Dictionary(uniqueKeysWithValues: zip(run.members, run.members.indices))
        let groups = run.groups.map { $0.compactMap { placeOfMember[$0] } }
        return try await worker.queue.handler.handle(members, groups: groups, opening: opening, in: transaction)
    }

    private mutating func write(
        _ handled: [Int: Handled], _ store: RunStore, in transaction: Transaction
    ) throws {
        var replies: [(command: UUIDv7, row: Int)] = []
        var unheard: [(command: UUIDv7, refusal: OutgoingMessage)] = []
        var next: DeliveryMachine.Action?
        for (place, result) in handled.sorted(by: { $0.key < $1.key }) {
            if isTelling { answers[place] = .some((result.reply ?? result.unheardRefusal)?.envelope.type) }
            let command = batch.members[run.members[place]].envelope.id
            if let reply = result.reply {
                replies.append((command, rows.count))
                rows.append(reply)
            }
            if let refusal = result.unheardRefusal { unheard.append((command, refusal)) }
            rows += result.others
            next = machine.handled(place, HandlerResult(result.answer, rows: result.rowCount))
        }
        guard case .commit(let fences) = next else { preconditionFailure("not every member was handled") }
        let texts = StoredMessages(rows)
        try store.enqueueReplies(replies, texts, in: transaction)
        if !unheard.isEmpty {
            try store.enqueueReplies(
                unheard.enumerated().map { ($1.command, $0) }, StoredMessages(unheard.map(\.refusal)), in: transaction)
        }
        try store.enqueueOutbox(texts, in: transaction)
        try store.enqueueFences(fencesByKey(fences), in: transaction)
    }

    private func fencesByKey(_ fences: [Int: FenceState]) -> [RunStore.FenceKey: FenceState] {
        var states: [RunStore.FenceKey: FenceState] = [:]
        for (place, state) in fences {
            if let fence = batch.members[run.members[place]].fence { states[fence.key] = state }
        }
        return states
    }

    /// Acknowledges what is committed, and publishes beside the next batch.
    private mutating func settle() {
        guard case .settle(let acknowledged, _, _) = machine.committed() else {
            preconditionFailure("a committed run is settled")
        }
        let (batch, run, twins) = (batch, run, twins)
        let acknowledge: @Sendable (Int) -> Void = { place in
            let member = run.members[place]
            batch.acknowledge(member, twins: twins[member] ?? [])
        }
        for place in acknowledged { acknowledge(place) }
        tell()
        CrashPoint.acknowledged.reach()
        worker.metrics.completed.add(UInt64(run.members.count - duplicateCount))
        worker.metrics.duplicates.add(UInt64(duplicateCount))
        if machine.finishIfDone() != nil { return }
        let settling = Dispatch.Settling(machine: machine, rows: rows, resends: resends, acknowledge: acknowledge)
        worker.background.start { [dispatch = worker.surroundings.dispatch] in await dispatch.settle(settling) }
    }

    /// Tells of what was handled, so that a trace can be followed through the logs of all services.
    ///
    /// Commands are the steps of a business action; events and replies are what follows from them.
    private func tell() {
        for (place, answer) in answers.sorted(by: { $0.key < $1.key }) {
            let envelope = batch.members[run.members[place]].envelope
            worker.log.log(logLevel, "handled", LogFields(handling: envelope, answer: answer))
        }
    }

    private var logLevel: LogLevel { worker.queue.kind == .command ? .info : .debug }
    private var isTelling: Bool { logLevel >= worker.log.level }

    private mutating func failed(_ error: any Error) -> RunAttempt {
        let verdict = FailureRule.verdict(on: error)
        if isOptimistic, verdict.isDeadlock || verdict.isOfStatementOrHandler {
            worker.optimism.withLock { $0.wasInVain() }
        }
        if isOptimistic, verdict.isOfStatementOrHandler {
            // Whatever it is: who has read what is there will meet it again, and knows whose it is.
            worker.metrics.conflicts.add()
            worker.log.debug("a batch begins again by reading", .failure(error))
            _ = machine.failed(.conflict)
            return RunAttempt(end: .conflict, cause: error)
        }
        switch verdict {
        case .commitUnknown(let cause):
            if case .abandon = machine.commitUnknown() {
                worker.surroundings.dispatch.ledger.doubt(rows.map(\.id))
            }
            return RunAttempt(end: .ground, cause: cause)
        case .ended(let end, let cause):
            _ = machine.failed(end)
            return RunAttempt(end: end, cause: cause)
        case .membersFailed(let failures):
            let causes = Dictionary(uniqueKeysWithValues: failures.map { (run.members[$0.key], $0.value) })
            let end = RunEnd.failed(causes.mapValues { _ in .handlerFailed })
            _ = machine.failed(end)
            return RunAttempt(end: end, causes: causes)
        }
    }
}
