import Reactor
import Telemetry

/// A connection to the server: the shell around ``SessionCore``.
///
/// A statement is written by the task that issues it, under the lock; its answer is read by the executor's thread. That is
/// one hand-off between threads for a lone statement, and none for tasks that run on the executor.
final class Session: Sendable, DeadlineKeeper {
    let core: Lock<SessionCore>
    let executor: EventLoop
    let metrics: MetricsRecorder
    /// How long the server may be silent while a statement runs.
    let patience: Duration

    init(
        _ handle: consuming ConnectionHandle, limits: PostgresConfiguration.Limits, statementTimeout: Duration,
        executor: EventLoop, metrics: MetricsRecorder
    ) {
        patience = statementTimeout + SessionCore.cancelGrace
        core = Lock(SessionCore(handle: handle, limits: limits, patience: patience))
        self.executor = executor
        self.metrics = metrics
    }

    /// Begins to read; the executor keeps the session alive until ``close()``.
    ///
    /// - Parameter listen: told what the server sends unasked, and of the loss of the connection.
    func open(_ listen: @escaping @Sendable (SessionEvent) -> Void) {
        change { core, effects in
            core.listen = listen
            guard let descriptor = core.handle.openDescriptor else { return core.lose(&effects) }
            core.watchKey = executor.watch(descriptor, self)
            // What came before the socket was watched shows only now.
            core.receive(&effects)
        }
    }

    /// Whether the connection can be used by the next task.
    var isSound: Bool {
        core.withLock { $0.breakage == nil && $0.use == .pipeline && $0.held.isEmpty }
    }

    /// Lets the connection go; whoever still waits for an answer is told.
    func close() {
        let key = change { core, effects in
            core.listen = nil
            core.breakOff(PostgresError(.transactionClosed, note: "the connection has been closed"), &effects)
            // Under the lock, like everything that may close the socket: its number may be another's by now.
            if let descriptor = core.handle.openDescriptor { executor.ignore(descriptor) }
            return core.watchKey.take()
        }
        if let key { executor.forget(key) }
    }

    /// Runs `body` under the lock, then does what it asked for.
    @discardableResult
    func change<Result: Sendable>(_ body: (inout SessionCore, inout Effects) -> Result) -> Result {
        var effects = Effects()
        let result = core.withLock { core in
            let result = body(&core, &effects)
            // Under the lock, so that two changes cannot overtake each other.
            if effects.changesInterest, let key = core.watchKey, let descriptor = core.handle.openDescriptor {
                executor.setInterest(core.interest, of: descriptor, key: key)
            }
            return result
        }
        perform(effects)
        return result
    }

    private func perform(_ effects: Effects) {
        if effects.isQuiet { return }
        if effects.synchronisationCount > 0 { metrics.synchronisations.add(effects.synchronisationCount) }
        for resumption in effects.resumptions { resumption.resume() }
        for waiter in effects.waiters { waiter.resume() }
        for event in effects.events { effects.listen?(event) }
        if let cancel = effects.cancel { send(cancel) }
    }

    /// `PQcancel` opens a connection and blocks, so it gets a thread of its own.
    private func send(_ cancel: CancelRequest) {
        BlockingThread.start(name: "postgres-cancel") { [self] in
            cancel.send()
            change { core, effects in core.cancelEnded(&effects) }
        }
    }
}

/// What a connection tells unasked.
enum SessionEvent: Sendable {
    case notifications([PostgresNotification])
    case lost(PostgresError)
}

// MARK: What the executor asks for

extension Session {
    func socketReady() {
        change { core, effects in core.receive(&effects) }
    }

    func flushBuffered() {
        change { core, effects in core.flush(&effects) }
    }

    func checkDeadlines(now: MonotonicTime) {
        change { core, effects in core.checkDeadlines(now: now, &effects) }
    }
}
