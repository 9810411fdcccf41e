import CPostgres
import Reactor

/// A COPY has the connection for itself: it starts when everything sent before has been answered, and statements of other
/// tasks are held back until it is over.
extension SessionCore {
    /// Keeps others from sending and opens the transaction if that has not been done.
    mutating func claimForCopy(_ scope: Scope, _ effects: inout Effects) -> PostgresError? {
        if let breakage { return breakage }
        guard use == .pipeline else {
            return PostgresError(.misuse, note: "another COPY is running on this connection; wait for its end")
        }
        if case .transaction(let generation, let depth) = scope {
            switch transaction.admit(generation: generation, depth: depth) {
            case .proceed: break
            case .begin(let options): putBegin(options, generation: generation, &effects)
            case .refuse(let error): return error
            }
        }
        use = .claimed
        return nil
    }

    /// Sends the COPY statement; nothing is under way any more.
    mutating func startCopy(_ text: String, _ effects: inout Effects) -> PostgresError? {
        if let breakage { return breakage }
        guard pipeline.isEmpty, handle.exitPipeline(), handle.sendOnce(text) else {
            return PostgresError(.connectionLost, note: "libpq refuses to start a COPY")
        }
        use = .copy
        effects.changesInterest = true
        write(&effects)
        return breakage
    }

    /// Reads what has come, for whoever runs the COPY.
    mutating func consumeCopyInput(_ effects: inout Effects) {
        guard breakage == nil else { return }
        if !handle.consumeInput() && handle.isBroken { lose(&effects) }
        if isWriteBlocked { write(&effects) }
    }

    /// What the server says about the COPY.
    enum CopyAnswer {
        case wait
        /// The direction the server is ready for.
        case ready(isToServer: Bool)
        case done(rowCount: Int)
        case failed(PostgresError)
    }

    mutating func copyAnswer() -> CopyAnswer {
        if let breakage { return .failed(breakage) }
        if handle.isBusy { return .wait }
        guard let result = handle.nextResult() else {
            return .failed(PostgresError(.misuse, note: "the statement is not a COPY"))
        }
        switch result.status {
        case PGRES_COPY_IN: return .ready(isToServer: true)
        case PGRES_COPY_OUT: return .ready(isToServer: false)
        case PGRES_COMMAND_OK: return .done(rowCount: result.affectedCount)
        case PGRES_TUPLES_OK: return .failed(PostgresError(.misuse, note: "the statement is not a COPY"))
        default: return .failed(PostgresError(ServerReport(result)))
        }
    }

    /// Goes back to pipeline mode and lets the others send.
    mutating func endCopy(_ scope: Scope, failure: PostgresError?, _ effects: inout Effects) {
        if let failure, case .transaction(let generation, _) = scope {
            transaction.fail(failure, generation: generation)
        }
        guard breakage == nil else { return }
        copyDeadline = .never
        let wasCopying = use == .copy
        use = .pipeline
        effects.changesInterest = true
        if wasCopying && !handle.enterPipeline() {
            return breakOff(PostgresError(.connectionLost, note: "a COPY could not be ended"), &effects)
        }
        sendHeld(&effects)
    }

    /// Takes what is left of the COPY's results.
    ///
    /// - Returns: whether more has to come before libpq is idle.
    mutating func takeCopyRest() -> Bool {
        guard breakage == nil, use == .copy else { return false }
        // A result, perhaps an error behind it, and the end; a COPY that still runs gives results without end.
        for _ in 0..<4 {
            if handle.isBusy { return true }
            if handle.nextResult() == nil { return false }
        }
        return false
    }

    /// The socket is ready during a COPY: whoever runs it goes on.
    mutating func moveCopy(_ effects: inout Effects) {
        if isWriteBlocked { write(&effects) }
        copyMoveCount &+= 1
        effects.changesInterest = true
        guard let waiter = copyWaiter.take() else { return }
        // The server has done its part; how late the task goes on is not its fault.
        copyDeadline = .never
        effects.wake(waiter)
    }
}
