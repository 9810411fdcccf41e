extension SessionCore {
    /// Sends a statement, or holds it back, or refuses it.
    ///
    /// - Returns: whether the caller has to see to it that what was buffered gets flushed.
    mutating func submit(_ sql: borrowing SQL, for reply: Reply, _ effects: inout Effects) -> Bool {
        if let refusal = refusal(of: sql, for: reply) {
            effects.settle(reply, .failure(refusal))
            return false
        }
        guard canSend else {
            held.append(HeldStatement(sql: copy sql, reply: reply))
            return false
        }
        send(sql, for: reply, &effects)
        guard isDirty && !isFlushPromised else { return false }
        isFlushPromised = true
        return true
    }

    /// Whether the pipeline has room.
    private var canSend: Bool {
        switch use {
        case .pipeline: held.isEmpty && hasRoom
        case .claimed, .copy: false
        }
    }

    private var hasRoom: Bool {
        pipeline.count < limits.statementCountInFlightMax && byteCountInFlight < limits.byteCountInFlightMax
    }

    private func refusal(of sql: borrowing SQL, for reply: Reply) -> PostgresError? {
        if let breakage { return breakage }
        if let interruption = reply.interruptionError { return interruption }
        if let error = valueRefusal(sql) { return error }
        return nil
    }

    private func valueRefusal(_ sql: borrowing SQL) -> PostgresError? {
        if let refusal = sql.values.refusal { return Self.refused(refusal, sql.text) }
        // One look at the sum: a value over the limit makes the sum larger than the limit too.
        guard sql.values.bytes.count > limits.valueByteCountMax else { return nil }
        for piece in sql.pieces {
            guard let parameter = piece.parameter, parameter.byteCount > limits.valueByteCountMax else { continue }
            return Self.refused(.tooLarge(byteCount: parameter.byteCount), sql.text, limits.valueByteCountMax)
        }
        return nil
    }

    private static func refused(_ refusal: ValueRefusal, _ text: String, _ limit: Int = Int(Int32.max)) -> PostgresError
    {
        let note =
            switch refusal {
            case .nulInText: "text holds U+0000, which Postgres cannot store; take it out or send bytea"
            case .invalidUTF8: "bytes given as text are not UTF-8; send them as bytea"
            case .tooLarge(let count):
                "a value of \(count) bytes is over the limit of \(limit); move it by COPY or in slices"
            }
        return PostgresError(.valueRefused, note: note, statement: text)
    }

    /// Sends what was held back, as far as there is room.
    mutating func sendHeld(_ effects: inout Effects) {
        guard case .pipeline = use, !held.isEmpty else { return }
        while hasRoom, let statement = held.removeFirst() {
            if statement.reply.outcome != nil { continue }
            if let refusal = breakage ?? statement.reply.interruptionError {
                effects.settle(statement.reply, .failure(refusal))
            } else {
                send(statement.sql, for: statement.reply, &effects)
            }
        }
        flush(&effects)
    }

    /// Buffers a statement behind whatever has to come before it.
    private mutating func send(_ sql: borrowing SQL, for reply: Reply, _ effects: inout Effects) {
        switch reply.scope {
        case .autocommit:
            put(sql, for: reply, &effects)
            synchronise(reply, &effects)
        case .transaction(let generation, let depth):
            switch transaction.admit(generation: generation, depth: depth) {
            case .proceed: break
            case .begin(let options): putBegin(options, for: reply, generation: generation, &effects)
            case .refuse(let error): return effects.settle(reply, .failure(error))
            }
            put(sql, for: reply, &effects)
        case .control:
            put(sql, for: reply, &effects)
        }
    }

    /// Buffers BEGIN, so that it costs no round trip of its own.
    mutating func putBegin(
        _ options: TransactionOptions, for first: Reply, generation: Int, _ effects: inout Effects
    ) {
        let begin = Reply(scope: .control(.begin(generation: generation)), deadline: first.deadline)
        put(options.begin, for: begin, &effects)
        guard options.needsTransactionID else { return }
        let identity = Reply(scope: .control(.transactionID(generation: generation)), deadline: first.deadline)
        put("SELECT pg_current_xact_id()", for: identity, &effects)
    }

    /// Buffers one statement, preparing it first where that has not been done.
    private mutating func put(_ sql: borrowing SQL, for reply: Reply, _ effects: inout Effects) {
        if breakage != nil { return effects.settle(reply, .failure(breakage!)) }
        let (name, number) = prepare(sql)
        let isSent = handle.sendPrepared(name: name, values: sql)
        pipeline.sent(.execution(reply, number))
        byteCountInFlight += sql.values.bytes.count
        reply.byteCount = sql.values.bytes.count
        reply.isSent = true
        isDirty = true
        if !isSent { lose(&effects) }
    }

    private mutating func prepare(_ sql: borrowing SQL) -> (StatementName, StatementNumber) {
        switch statements.find(sql) {
        case .prepared(let name, let number): return (name, number)
        case .unprepared(let name, let number, let evicted):
            if let evicted, handle.sendOnce(evicted.deallocation) { pipeline.sent(.deallocation) }
            // What libpq refuses here it refuses for the execution as well, where it is noticed.
            if handle.sendPrepare(name: name, text: sql.text, types: sql.parameterTypes) {
                pipeline.sent(.preparation(number))
            }
            return (name, number)
        }
    }

    /// Ends the group of statements sent so far and writes everything.
    mutating func synchronise(_ reply: Reply?, _ effects: inout Effects) {
        guard breakage == nil else {
            if let reply { effects.settle(reply, .failure(breakage!)) }
            return
        }
        pipeline.sent(.synchronisation(reply))
        effects.synchronisationCount += 1
        isDirty = false
        isFlushPromised = false
        if !handle.sendSync() { return lose(&effects) }
        write(&effects)
    }

    /// Writes what has been buffered, behind a synchronisation point.
    mutating func flush(_ effects: inout Effects) {
        if isDirty && use == .pipeline { synchronise(nil, &effects) }
        isFlushPromised = false
    }

    /// Writes as much as the socket takes.
    mutating func write(_ effects: inout Effects) {
        let wasBlocked = isWriteBlocked
        switch handle.flush() {
        case .done: isWriteBlocked = false
        case .blocked: isWriteBlocked = true
        case .failed: lose(&effects)
        }
        if wasBlocked != isWriteBlocked { effects.changesInterest = true }
    }
}
