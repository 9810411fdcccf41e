public import Reactor
import Telemetry

/// Connections to one database, lent to tasks one at a time.
///
/// The first connection is made when it is needed; a server that is away is tried again and again, and tasks wait for it up
/// to their deadline. Close the pool with ``close()``.
public final class PostgresPool: Sendable {
    public let configuration: PostgresConfiguration

    /// The thread that reads the answers; tasks with this executor preference cost no hand-off between threads.
    public let executor: EventLoop

    let metricsRecorder = MetricsRecorder()
    private let machine: Lock<PoolMachine<Session, Suspension<Lease>>>

    /// What a waiting task gets.
    typealias Lease = Result<Session, PostgresError>

    public init(_ configuration: PostgresConfiguration, executor: EventLoop = .shared) {
        self.configuration = configuration
        self.executor = executor
        machine = Lock(PoolMachine(limits: configuration.pool))
        keepUp()
        make(machine.withLock { $0.connectionsToMake() })
    }

    /// What the pool has done and is doing.
    public var metrics: PostgresMetrics {
        var metrics = PostgresMetrics(metricsRecorder)
        machine.withLock { machine in
            metrics.idleCount = machine.idleCount
            metrics.leasedCount = machine.leasedCount
            metrics.connectingCount = machine.connectingCount
            metrics.waitingCount = machine.waitingCount
        }
        return metrics
    }

    /// Refuses new work, tells those who wait, closes what is idle now and the rest when it is given back.
    public func close() {
        let (waiters, sessions) = machine.withLock { $0.close() }
        for waiter in waiters { waiter.resume(.failure(PostgresError(.poolClosed))) }
        for session in sessions { session.close() }
    }
}

// MARK: Taking and giving back

extension PostgresPool {
    /// Takes a connection, waiting in line for at most the timeout.
    func acquire(timeout: Duration?) async throws(PostgresError) -> Session {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        // The common case costs no continuation.
        while let session = machine.withLock({ $0.takeIdle() }) {
            if session.isSound { return session }
            giveBack(session, isSound: false)
        }
        let waiting = Lock<Int?>(nil)
        let lease = await withTaskCancellationHandler {
            await Suspension.wait { waiter in
                queue(waiter, timeout: timeout ?? configuration.timeouts.acquire, waiting)
            }
        } onCancel: {
            if let id = waiting.withLock({ $0 }) { dismiss(id, PostgresError(.cancelled)) }
        }
        // Resuming a task orders memory between threads; the thread sanitizer sees that on Linux only where a lock is.
        _ = machine.withLock { $0.isClosed }
        return try lease.get()
    }

    /// Gives a connection back.
    ///
    /// - Parameter isSound: false when the connection's state is not known.
    func giveBack(_ session: Session, isSound: Bool) {
        let isWhole = isSound && session.isSound
        let action = machine.withLock { $0.giveBack(session, isSound: isWhole, now: .now()) }
        perform(action)
        if !isWhole { make(machine.withLock { $0.connectionsToMake() }) }
    }

    private func queue(_ waiter: Suspension<Lease>, timeout: Duration, _ waiting: Lock<Int?>) {
        let deadline = MonotonicTime.now() + timeout
        switch machine.withLock({ $0.acquire(waiter, deadline: deadline) }) {
        case .lease(let session): waiter.resume(.success(session))
        case .refuse(let error): waiter.resume(.failure(error))
        case .wait(let id, let count):
            waiting.withLock { $0 = id }
            make(count)
            // Longer ones are noticed by the upkeep, which spares a timer for each.
            if timeout < Self.upkeepInterval * 2 {
                executor.schedule(at: deadline) { [weak self] in self?.expire(id) }
            }
            // The task may have been cancelled before its id was known.
            if Task.isCancelled { dismiss(id, PostgresError(.cancelled)) }
        }
    }

    private func expire(_ id: Int) {
        let error = timeoutError()
        guard let waiter = machine.withLock({ $0.leave(id) }) else { return }
        metricsRecorder.acquireTimeouts.add(1)
        waiter.resume(.failure(error))
    }

    private func timeoutError() -> PostgresError {
        let failure = machine.withLock { $0.lastFailure }
        let note = failure == nil ? "every connection stayed in use" : "no connection could be made"
        return PostgresError(.poolTimeout, note: note, cause: failure)
    }

    private func dismiss(_ id: Int, _ error: PostgresError) {
        machine.withLock { $0.leave(id) }?.resume(.failure(error))
    }

    private func perform(_ action: PoolMachine<Session, Suspension<Lease>>.Return) {
        switch action {
        case .handOver(let session, let waiter): waiter.resume(.success(session))
        case .keep: break
        case .close(let session): session.close()
        }
    }
}

// MARK: Making and keeping connections

extension PostgresPool {
    private func make(_ count: Int) {
        for _ in 0..<count {
            BlockingThread.start(name: "postgres-dial") { [self] in connect() }
        }
    }

    /// Makes one connection. Blocks.
    private func connect() {
        do throws(PostgresError) {
            let session = try openSession()
            metricsRecorder.connects.add(1)
            session.open { [weak self, weak session] event in
                if let self, let session, case .lost = event { lost(session) }
            }
            perform(machine.withLock { $0.connected(session, now: .now()) })
            make(machine.withLock { $0.connectionsToMake() })
        } catch {
            metricsRecorder.connectFailures.add(1)
            let jitter = Double.random(in: 0..<1)
            guard let pause = machine.withLock({ $0.connectFailed(error, jitter: jitter) }) else { return }
            executor.schedule(at: .now() + pause) { [weak self] in self?.endPause() }
        }
    }

    private func endPause() {
        make(machine.withLock { $0.pauseEnded() })
    }

    /// Makes a connection outside of the pool's count. Blocks.
    func openSession() throws(PostgresError) -> Session {
        let handle = try ConnectionOpening.open(try configuration.keywords())
        return Session(
            handle, limits: configuration.limits, statementTimeout: configuration.timeouts.statement,
            executor: executor, metrics: metricsRecorder)
    }

    private func lost(_ session: Session) {
        metricsRecorder.losses.add(1)
        guard machine.withLock({ $0.lost(session) }) else { return }
        session.close()
        make(machine.withLock { $0.connectionsToMake() })
    }

    /// Closes what has been idle for long and tries the rest, again and again while the pool lives.
    private func keepUp() {
        executor.schedule(at: .now() + Self.upkeepInterval) { [weak self] in
            guard let self, !machine.withLock({ $0.isClosed }) else { return }
            let upkeep = machine.withLock { $0.upkeep(now: .now()) }
            for session in upkeep.toClose { session.close() }
            for session in upkeep.toCheck { Task { await self.check(session) } }
            metricsRecorder.acquireTimeouts.add(upkeep.expired.count)
            for waiter in upkeep.expired { waiter.resume(.failure(timeoutError())) }
            make(upkeep.connect)
            keepUp()
        }
    }

    private func check(_ session: Session) async {
        do throws(PostgresError) {
            try await session.settle()
            giveBack(session, isSound: true)
        } catch {
            giveBack(session, isSound: false)
        }
    }

    private static var upkeepInterval: Duration { .seconds(1) }
}
