import Reactor

extension Session {
    /// Starts a COPY once everything sent before has been answered.
    ///
    /// - Parameter isToServer: the direction the caller expects.
    func startCopy(_ sql: SQL, _ scope: Scope, isToServer: Bool) async throws(PostgresError) {
        guard sql.parameterCount == 0 else {
            throw PostgresError(.misuse, note: "COPY takes no parameters", statement: sql.text)
        }
        if let refusal = change({ core, effects in core.claimForCopy(scope, &effects) }) { throw refusal }
        do throws(PostgresError) {
            try await settle()
            if let failure = change({ core, effects in core.startCopy(sql.text, &effects) }) { throw failure }
            try await expectCopy(isToServer: isToServer)
        } catch {
            await endCopy(scope, failure: error)
            throw error.inStatement(sql.text)
        }
    }

    private func expectCopy(isToServer: Bool) async throws(PostgresError) {
        guard case .ready(let direction) = try await copyAnswer() else {
            throw PostgresError(.misuse, note: "the server has nothing to copy")
        }
        if direction == isToServer { return }
        if direction {
            // The refusal itself is answered with an error, as is the request to stop; neither is what went wrong.
            _ = try? await finishCopy(refusing: "the COPY was to go to the client")
        } else {
            try? await abandonCopy()
        }
        throw PostgresError(.misuse, note: "the COPY goes in the other direction")
    }

    /// Waits until the server says how the COPY goes on.
    func copyAnswer() async throws(PostgresError) -> SessionCore.CopyAnswer {
        while true {
            let (answer, seen) = change { core, effects in
                core.consumeCopyInput(&effects)
                return (core.copyAnswer(), core.copyMoveCount)
            }
            switch answer {
            case .ready, .done: return answer
            case .failed(let error): throw error
            case .wait: await waitForSocket(after: seen)
            }
        }
    }

    /// Goes back to pipelining statements.
    func endCopy(_ scope: Scope, failure: PostgresError?) async {
        while true {
            let (hasMore, seen) = change { core, effects in
                core.consumeCopyInput(&effects)
                return (core.takeCopyRest(), core.copyMoveCount)
            }
            if !hasMore { break }
            await waitForSocket(after: seen)
        }
        change { core, effects in core.endCopy(scope, failure: failure, &effects) }
    }

    /// Waits until the socket has something, takes something, or the connection is given up.
    ///
    /// - Parameter seen: how often it had been ready when the caller found that it has to wait.
    func waitForSocket(after seen: Int) async {
        let deadline = MonotonicTime.now() + patience
        await Suspension.wait { (waiter: Suspension<Void>) in
            change { core, effects in
                if core.breakage != nil || core.copyMoveCount != seen {
                    effects.wake(waiter)
                } else {
                    core.copyWaiter = waiter
                    core.copyDeadline = deadline
                    effects.changesInterest = true
                }
            }
        }
    }

    /// Stops a COPY whose rows nobody wants any more: the server ends it, the rest is thrown away.
    func abandonCopy() async throws(PostgresError) {
        change { core, effects in core.requestCancel(&effects) }
        while try await readCopy(byteCountMax: 1 << 16) != nil {}
    }
}

// MARK: Data

extension Session {
    /// Sends data; waits while the socket takes none, so that memory stays bounded.
    func writeCopy(_ data: PostgresWriter) async throws(PostgresError) {
        var (isBlocked, seen) = try changeCopy { core, effects throws(PostgresError) in
            guard core.handle.putCopyData(data) else {
                core.lose(&effects)
                throw core.breakage!
            }
            core.write(&effects)
            return (core.isWriteBlocked, core.copyMoveCount)
        }
        while isBlocked {
            await waitForSocket(after: seen)
            (isBlocked, seen) = try changeCopy { core, effects throws(PostgresError) in
                core.consumeCopyInput(&effects)
                return (core.isWriteBlocked, core.copyMoveCount)
            }
        }
    }

    /// Tells the server that the data is complete, or is to be refused.
    ///
    /// - Returns: how many rows were taken.
    func finishCopy(refusing reason: String? = nil) async throws(PostgresError) -> Int {
        try changeCopy { core, effects throws(PostgresError) in
            guard core.handle.putCopyEnd(refusing: reason) else {
                core.lose(&effects)
                throw core.breakage!
            }
            core.write(&effects)
        }
        guard case .done(let rowCount) = try await copyAnswer() else { throw Self.unendedCopy }
        return rowCount
    }

    /// Waits for rows and takes what has come.
    ///
    /// - Parameter byteCountMax: no further row is taken past this size.
    /// - Returns: nil when the rows are over.
    func readCopy(byteCountMax: Int) async throws(PostgresError) -> [UInt8]? {
        while true {
            let (read, bytes, seen) = try changeCopy { core, effects throws(PostgresError) in
                core.consumeCopyInput(&effects)
                var bytes: [UInt8] = []
                var read = core.handle.getCopyData(into: &bytes)
                while read == .row, bytes.count < byteCountMax { read = core.handle.getCopyData(into: &bytes) }
                return (read, bytes, core.copyMoveCount)
            }
            if !bytes.isEmpty { return bytes }
            if read == .wait {
                await waitForSocket(after: seen)
            } else {
                guard case .done = try await copyAnswer() else { throw Self.unendedCopy }
                return nil
            }
        }
    }

    private static let unendedCopy = PostgresError(.misuse, note: "the server did not end the COPY")

    private func changeCopy<Value: Sendable>(
        _ body: (inout SessionCore, inout Effects) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        let result = change { core, effects -> Result<Value, PostgresError> in
            if let breakage = core.breakage { return .failure(breakage) }
            do throws(PostgresError) {
                return .success(try body(&core, &effects))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
