import Reactor
import Telemetry

extension Session {
    /// Runs one statement and waits for its result.
    func run(_ sql: SQL, _ scope: Scope, timeout: Duration? = nil) async throws(PostgresError) -> ResultStorage {
        var attempt = 1
        while true {
            let reply = Reply(scope: scope)
            let timer = timeout.map { enforce($0, on: reply) }
            let outcome = await send(sql, for: reply)
            showHandOver()
            if let timer { executor.callOff(timer) }
            switch outcome {
            case .success(let result): return result
            case .synchronised: preconditionFailure("a statement was settled without a result")
            case .failure(let error):
                let mayRepeat = isRepeatable(reply, error) && attempt < Self.attemptCountMax
                guard mayRepeat else { throw error.inStatement(sql.text) }
                attempt += 1
            }
        }
    }

    /// Runs several statements that travel together.
    ///
    /// - Returns: one outcome for each, in order.
    func run(_ statements: [SQL], _ scope: Scope) async -> [Outcome] {
        guard !statements.isEmpty else { return [] }
        let replies = statements.map { _ in Reply(scope: scope) }
        await withTaskCancellationHandler {
            await Suspension.wait { (continuation: Suspension<Void>) in
                submit(statements, for: replies, continuation)
            }
        } onCancel: {
            change { core, effects in
                for reply in replies { core.interrupt(reply, .cancelled, &effects) }
            }
        }
        return core.withLock { _ in replies.map { $0.outcome! } }
    }

    /// Sends a statement for which nobody waits; its failure spoils the transaction and shows at COMMIT.
    func enqueue(_ sql: SQL, _ scope: Scope) throws(PostgresError) {
        let refusal = change { core, effects -> PostgresError? in
            switch core.submit(sql, for: core.silentReply(scope), &effects) {
            case .unflushed:
                // Whoever sends next flushes this as well.
                core.isFlushPromised = false
                return nil
            case .underWay: return nil
            case .refused(let error): return error
            }
        }
        metrics.statements.add(1)
        if let refusal { throw refusal.inStatement(sql.text) }
    }

    /// Waits until everything sent so far has been answered, and no cancel request is on its way any more.
    func settle() async throws(PostgresError) {
        await Suspension.wait { (waiter: Suspension<Void>) in
            let isWaiting = core.withLock { core in
                guard core.isCancelling else { return false }
                core.cancelWaiter = waiter
                return true
            }
            if !isWaiting { waiter.resume() }
        }
        let reply = Reply(scope: .control(.barrier))
        let outcome = await Suspension.wait { (continuation: Suspension<Outcome>) in
            change { core, effects in
                reply.wait(continuation)
                core.synchronise(reply, &effects)
            }
        }
        if case .failure(let error) = outcome { throw error }
        core.withLock { $0.needsBarrier = false }
    }

    /// Runs one of the statements that open and close transactions; they cannot be cancelled.
    func control(_ sql: SQL, _ control: Scope.Control) async throws(PostgresError) -> ResultStorage {
        let reply = Reply(scope: .control(control))
        let outcome = await Suspension.wait { (continuation: Suspension<Outcome>) in
            change { core, effects in
                reply.wait(continuation)
                if case .refused(let error) = core.submit(sql, for: reply, &effects) {
                    effects.settle(reply, .failure(error))
                }
                core.flush(&effects)
            }
        }
        showHandOver()
        switch outcome {
        case .success(let result): return result
        case .synchronised: preconditionFailure("a statement was settled without a result")
        case .failure(let error): throw error.inStatement(sql.text)
        }
    }

    /// Resuming a task orders memory between threads; the thread sanitizer sees that on Linux only where a lock is.
    private func showHandOver() {
        if !executor.isCurrentThread { core.withLock { _ in } }
    }

    /// How often a statement that certainly did not run is sent.
    private static var attemptCountMax: Int { 3 }

    /// A statement outside of a transaction that found its preparation stale, or that a request to stop its neighbour hit,
    /// has done nothing.
    private func isRepeatable(_ reply: Reply, _ error: PostgresError) -> Bool {
        guard case .autocommit = reply.scope else { return false }
        return error.code == .staleStatement || (reply.isCollateral && error.code == .statementTimeout)
    }

    /// Stops a statement when its time is over, and until then has more patience than usual if it needs that.
    private func enforce(_ timeout: Duration, on reply: Reply) -> EventLoop.Timer {
        core.withLock { $0.patience = max($0.patience, timeout + SessionCore.cancelGrace) }
        return executor.schedule(at: .now() + timeout) { [weak self] in
            self?.change { core, effects in core.interrupt(reply, .deadline, &effects) }
        }
    }

    private func send(_ sql: SQL, for reply: Reply) async -> Outcome {
        await withTaskCancellationHandler {
            await Suspension.wait { continuation in submit(sql, for: reply, continuation) }
        } onCancel: {
            change { core, effects in core.interrupt(reply, .cancelled, &effects) }
        }
    }
}

// MARK: Who flushes

extension Session {
    /// Sends, and sees to it that what concurrent tasks send leaves together.
    private func submit(_ sql: SQL, for reply: Reply, _ continuation: Suspension<Outcome>) {
        let onExecutor = executor.isCurrentThread
        let issuer = onExecutor ? 0 : Self.currentTask
        let flusher = change { core, effects -> Flusher in
            reply.wait(continuation)
            switch core.submit(sql, for: reply, &effects) {
            case .unflushed: return choose(onExecutor, issuer, &core, &effects)
            case .underWay:
                if !onExecutor { core.noteIssuer(issuer) }
                return .nobody
            case .refused(let error):
                effects.settle(reply, .failure(error))
                return .nobody
            }
        }
        metrics.statements.add(1)
        start(flusher)
    }

    private func submit(_ statements: [SQL], for replies: [Reply], _ continuation: Suspension<Void>) {
        let onExecutor = executor.isCurrentThread
        let issuer = onExecutor ? 0 : Self.currentTask
        let flusher = change { core, effects -> Flusher in
            let group = ReplyGroup(count: replies.count, continuation)
            for reply in replies { reply.wait(as: group) }
            var isUnflushed = false
            for index in statements.indices {
                switch core.submit(statements[index], for: replies[index], &effects) {
                case .unflushed: isUnflushed = true
                case .underWay: break
                case .refused(let error): effects.settle(replies[index], .failure(error))
                }
            }
            return isUnflushed ? choose(onExecutor, issuer, &core, &effects) : .nobody
        }
        metrics.statements.add(statements.count)
        start(flusher)
    }

    /// Who writes what has been buffered.
    private enum Flusher {
        /// It has been written, or somebody has promised to.
        case nobody
        /// The executor, when all tasks that are ready have run.
        case executor
        /// A task that first lets the others run.
        case task
    }

    private func choose(
        _ onExecutor: Bool, _ issuer: Int, _ core: inout SessionCore, _ effects: inout Effects
    ) -> Flusher {
        if onExecutor { return .executor }
        core.noteIssuer(issuer)
        if core.hasManyIssuers { return .task }
        core.flush(&effects)
        return .nobody
    }

    private func start(_ flusher: Flusher) {
        switch flusher {
        case .nobody: break
        case .executor: executor.flushSoon(self)
        case .task: Task { await flushWhenQuiet() }
        }
    }

    /// Writes when the other tasks have nothing more to add, or enough has gathered.
    private func flushWhenQuiet() async {
        var count = core.withLock { $0.pipeline.unsynchronisedCount }
        for _ in 0..<Self.yieldCountMax {
            await Task.yield()
            let next = core.withLock { $0.pipeline.unsynchronisedCount }
            if next == count { break }
            count = next
        }
        flushBuffered()
    }

    private static var yieldCountMax: Int { 8 }

    /// Tells tasks apart; 1 where there is none.
    private static var currentTask: Int {
        unsafe withUnsafeCurrentTask { task in unsafe task?.hashValue ?? 1 }
    }
}
