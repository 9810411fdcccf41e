import Telemetry

extension Session {
    /// Runs one statement and waits for its result.
    func run(_ sql: SQL, _ scope: Scope, timeout: Duration? = nil) async throws(PostgresError) -> ResultStorage {
        var attempt = 1
        while true {
            let reply = Reply(scope: scope, deadline: deadline(timeout))
            if let timeout { enforce(timeout, on: reply) }
            switch await send(sql, for: reply) {
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
    func run(_ statements: [SQL], _ scope: Scope, timeout: Duration? = nil) async -> [Outcome] {
        guard !statements.isEmpty else { return [] }
        let deadline = deadline(timeout)
        let replies = statements.map { _ in Reply(scope: scope, deadline: deadline) }
        if let timeout { enforce(timeout, on: replies[replies.count - 1]) }
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
        let reply = Reply(scope: scope, deadline: deadline(nil))
        let outcome = change { core, effects in
            // Whoever sends next flushes this as well.
            if core.submit(sql, for: reply, &effects) { core.isFlushPromised = false }
            return reply.outcome
        }
        metrics.statements.add(1)
        if case .failure(let error) = outcome { throw error.inStatement(sql.text) }
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
        let reply = Reply(scope: .control(.barrier), deadline: deadline(nil))
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
        let reply = Reply(scope: .control(control), deadline: deadline(nil))
        let outcome = await Suspension.wait { (continuation: Suspension<Outcome>) in
            change { core, effects in
                reply.wait(continuation)
                _ = core.submit(sql, for: reply, &effects)
                core.flush(&effects)
            }
        }
        switch outcome {
        case .success(let result): return result
        case .synchronised: preconditionFailure("a statement was settled without a result")
        case .failure(let error): throw error.inStatement(sql.text)
        }
    }

    /// How often a statement that certainly did not run is sent.
    private static var attemptCountMax: Int { 3 }

    /// A statement outside of a transaction that found its preparation stale, or that a request to stop its neighbour hit,
    /// has done nothing.
    private func isRepeatable(_ reply: Reply, _ error: PostgresError) -> Bool {
        guard case .autocommit = reply.scope else { return false }
        return error.code == .staleStatement || (reply.isCollateral && error.code == .statementTimeout)
    }

    /// The server's `statement_timeout` comes first; this is for a server that does not answer at all.
    private func deadline(_ timeout: Duration?) -> MonotonicTime {
        MonotonicTime.now() + (timeout ?? statementTimeout + SessionCore.cancelGrace)
    }

    /// Looks at a deadline when its time comes; the common ones are long enough for the executor's sweep.
    private func enforce(_ timeout: Duration, on reply: Reply) {
        executor.schedule(at: reply.deadline) { [weak self] in
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
            let needsFlush = core.submit(sql, for: reply, &effects)
            return choose(needsFlush, onExecutor, issuer, &core, &effects)
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
            var needsFlush = false
            for index in statements.indices {
                if core.submit(statements[index], for: replies[index], &effects) { needsFlush = true }
            }
            return choose(needsFlush, onExecutor, issuer, &core, &effects)
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
        _ needsFlush: Bool, _ onExecutor: Bool, _ issuer: Int, _ core: inout SessionCore, _ effects: inout Effects
    ) -> Flusher {
        if !onExecutor { core.noteIssuer(issuer) }
        guard needsFlush else { return .nobody }
        if onExecutor { return .executor }
        if core.hasManyIssuers { return .task }
        core.flush(&effects)
        return .nobody
    }

    private func start(_ flusher: Flusher) {
        switch flusher {
        case .nobody: break
        case .executor: executor.flushAfterReadyJobs(self)
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
