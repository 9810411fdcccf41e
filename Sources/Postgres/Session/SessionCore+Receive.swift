import CPostgres
import Reactor

extension SessionCore {
    /// Reads what has come and settles whom it belongs to.
    mutating func receive(_ effects: inout Effects) {
        if breakage != nil { return }
        if isWriteBlocked { write(&effects) }
        if use == .copy { return moveCopy(&effects) }
        let isAlive = handle.consumeInput()
        lastProgress = .now()
        takeResults(&effects)
        takeNotifications(&effects)
        if breakage != nil { return }
        if !isAlive || handle.isBroken { return lose(&effects) }
        if needsBarrier { interruptIfCurrent(&effects) }
        sendHeld(&effects)
    }

    private mutating func takeResults(_ effects: inout Effects) {
        while !pipeline.isEmpty && breakage == nil && !handle.isBusy {
            if let result = handle.nextResult() {
                take(result, &effects)
            } else {
                // An end that ends nothing means that libpq has nothing more to read.
                if !pipeline.isHeadAnswered { return }
                _ = pipeline.received(.end)
            }
        }
        if pipeline.isEmpty { forgetLongTimeouts() }
    }

    private mutating func take(_ result: consuming ResultHandle, _ effects: inout Effects) {
        switch result.status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            perform(pipeline.received(.success), result, &effects)
        case PGRES_PIPELINE_SYNC:
            perform(pipeline.received(.synchronised), result, &effects)
        case PGRES_PIPELINE_ABORTED:
            perform(pipeline.received(.skipped), result, &effects)
        default:
            let report = ServerReport(result)
            // Without a state it is libpq's own: the link broke inside of an answer, or there is no memory for it.
            guard !report.sqlState.isEmpty else { return lose(&effects) }
            let error = PostgresError(report)
            perform(pipeline.received(.failure(error)), result, &effects)
            // Whoever is told now must not find the connection sound until its end has been read.
            if report.isFatal { breakOff(error, &effects) }
        }
    }

    private mutating func perform(
        _ action: PipelineMachine<Reply>.Action, _ result: consuming ResultHandle, _ effects: inout Effects
    ) {
        switch action {
        case .none: break
        case .succeed(let reply):
            if !reply.isSilent { succeeded(reply, ResultStorage(result), &effects) }
        case .fail(let reply, let error, let forgotten):
            if let forgotten { statements.forget(forgotten) }
            failed(reply, error, &effects)
        case .forget(let number): statements.forget(number)
        case .synchronised(let reply):
            if let reply { synchronised(reply, &effects) }
        case .disagree(let what):
            breakage = PostgresError(.connectionLost, note: "libpq and this library disagree: \(what)")
            abandon(&effects)
        }
    }

    private mutating func succeeded(_ reply: Reply, _ result: ResultStorage, _ effects: inout Effects) {
        switch reply.scope {
        case .autocommit: reply.uncommitted = result
        case .transaction: effects.settle(reply, .success(result))
        case .control(let control):
            if case .transactionID(let generation) = control, generation == transaction.generation {
                transaction.transactionID = Rows(result).transactionID
            }
            effects.settle(reply, .success(result))
        }
    }

    private func synchronised(_ reply: Reply, _ effects: inout Effects) {
        if let result = reply.uncommitted.take() {
            effects.settle(reply, .success(result))
        } else {
            effects.settle(reply, .synchronised)
        }
    }

    private mutating func failed(_ reply: Reply, _ error: PostgresError, _ effects: inout Effects) {
        let told = toldError(reply, error)
        switch reply.scope {
        case .transaction(let generation, _): transaction.fail(told, generation: generation)
        case .control(.begin(let generation)), .control(.transactionID(let generation)):
            transaction.abort(told, generation: generation)
        case .autocommit, .control: break
        }
        effects.settle(reply, .failure(told))
    }

    /// What to tell of a failure: where this program stopped the statement, the server's word for it is beside the point.
    private func toldError(_ reply: Reply, _ error: PostgresError) -> PostgresError {
        if let own = reply.interruptionError, own.code == .cancelled || error.code == .statementTimeout { return own }
        guard error.code == .statementTimeout, needsBarrier else { return error }
        // Hit by a request to stop another statement.
        reply.isCollateral = true
        if case .transaction(let generation, _) = reply.scope, let cause = transaction.failure(generation: generation) {
            return PostgresError(.transactionAborted, cause: cause)
        }
        return error
    }

    private mutating func takeNotifications(_ effects: inout Effects) {
        guard let first = handle.nextNotification() else { return }
        var notifications = [first]
        while let notification = handle.nextNotification() { notifications.append(notification) }
        effects.tell(.notifications(notifications), listen)
    }
}
