import Reactor

extension SessionCore {
    /// What became of a statement that was handed in.
    enum Submission {
        /// It is buffered; the caller has to see to it that it gets flushed.
        case unflushed
        /// It is on its way, or somebody else will send it.
        case underWay
        case refused(PostgresError)
    }

    /// Sends a statement, or holds it back, or refuses it.
    mutating func submit(_ sql: borrowing SQL, for reply: Reply, _ effects: inout Effects) -> Submission {
        if let refusal = refusal(of: sql, for: reply) { return .refused(refusal) }
        guard use == .pipeline, held.isEmpty, hasRoom else {
            if case .transaction(let generation, let depth) = reply.scope,
                let refusal = transaction.hold(generation: generation, depth: depth)
            {
                return .refused(refusal)
            }
            held.append(HeldStatement(sql: copy sql, reply: reply))
            return .underWay
        }
        if let refusal = send(sql, for: reply, wasHeld: false, &effects) { return .refused(refusal) }
        guard isDirty, !isFlushPromised else { return .underWay }
        isFlushPromised = true
        return .unflushed
    }

    /// Whether the pipeline takes more.
    private var hasRoom: Bool {
        pipeline.count < limits.statementCountInFlightMax && pipeline.byteCount < limits.byteCountInFlightMax
    }

    private func refusal(of sql: borrowing SQL, for reply: Reply) -> PostgresError? {
        if let breakage { return breakage }
        if reply.interruption != nil { return reply.interruptionError }
        // One look at the sum: a value over the limit makes the sum larger than the limit too.
        guard sql.body.values.refusal != nil || sql.body.valueByteCount > limits.valueByteCountMax else { return nil }
        return limits.refusal(of: sql)
    }

    /// Sends what was held back, as far as there is room.
    mutating func sendHeld(_ effects: inout Effects) {
        guard use == .pipeline, !held.isEmpty else { return }
        while hasRoom, let statement = held.removeFirst() {
            let reply = statement.reply
            if reply.isSettled { continue }
            if let refusal = breakage ?? reply.interruptionError
                ?? send(statement.sql, for: reply, wasHeld: true, &effects)
            {
                effects.settle(reply, .failure(refusal))
            }
        }
        flush(&effects)
    }

    /// Buffers a statement behind whatever has to come before it.
    ///
    /// - Returns: why it cannot be sent.
    private mutating func send(
        _ sql: borrowing SQL, for reply: Reply, wasHeld: Bool, _ effects: inout Effects
    ) -> PostgresError? {
        switch reply.scope {
        case .autocommit:
            put(sql, for: reply, &effects)
            synchronise(reply, &effects)
        case .transaction(let generation, let depth):
            switch transaction.admit(generation: generation, depth: depth, wasHeld: wasHeld) {
            case .proceed: break
            case .begin(let options): putBegin(options, generation: generation, &effects)
            case .refuse(let error): return error
            }
            put(sql, for: reply, &effects)
        case .control:
            put(sql, for: reply, &effects)
        }
        return nil
    }

    /// Buffers BEGIN, so that it costs no round trip of its own.
    mutating func putBegin(_ options: TransactionOptions, generation: Int, _ effects: inout Effects) {
        put(options.begin, for: Reply(scope: .control(.begin(generation: generation))), &effects)
        guard options.needsTransactionID else { return }
        let identity = Reply(scope: .control(.transactionID(generation: generation)))
        put("SELECT pg_current_xact_id()", for: identity, &effects)
    }

    /// Buffers one statement, preparing it first where that has not been done.
    private mutating func put(_ sql: borrowing SQL, for reply: Reply, _ effects: inout Effects) {
        if pipeline.isEmpty { lastProgress = .now() }
        let place = prepare(sql)
        let isSent = handle.sendPrepared(name: statements.names[place], values: sql)
        let number = statements.numbers[place]
        pipeline.sent(.execution, reply, statement: number, byteCount: sql.body.valueByteCount)
        reply.isSent = true
        isDirty = true
        if !isSent { lose(&effects) }
    }

    /// - Returns: the statement's place in the cache.
    private mutating func prepare(_ sql: borrowing SQL) -> Int {
        switch statements.find(sql) {
        case .prepared(let place): return place
        case .unprepared(let place, let evicted):
            if let evicted, handle.sendOnce(evicted.deallocation) { pipeline.sent(.deallocation) }
            // What libpq refuses here it refuses for the execution as well, where it is noticed.
            if handle.sendPrepare(name: statements.names[place], text: sql.text, types: sql.parameterTypes) {
                pipeline.sent(.preparation, statement: statements.numbers[place])
            }
            return place
        }
    }

    /// Ends the group of statements sent so far and writes everything.
    mutating func synchronise(_ reply: Reply?, _ effects: inout Effects) {
        guard breakage == nil else {
            if let reply { effects.settle(reply, .failure(breakage!)) }
            return
        }
        if pipeline.isEmpty { lastProgress = .now() }
        pipeline.sent(.synchronisation, reply)
        effects.sentSynchronisation()
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

extension PostgresConfiguration.Limits {
    /// Why a value of a statement is not sent.
    func refusal(of sql: borrowing SQL) -> PostgresError? {
        if let refusal = sql.body.values.refusal { return Self.refused(refusal, sql.text, valueByteCountMax) }
        for parameter in sql.body.parameters where parameter.byteCount > valueByteCountMax {
            return Self.refused(.tooLarge(byteCount: parameter.byteCount), sql.text, valueByteCountMax)
        }
        return nil
    }

    private static func refused(_ refusal: ValueRefusal, _ text: String, _ limit: Int) -> PostgresError {
        let note =
            switch refusal {
            case .nulInText: "text holds U+0000, which Postgres cannot store; take it out or send bytea"
            case .invalidUTF8: "bytes given as text are not UTF-8; send them as bytea"
            case .tooLarge(let count):
                "a value of \(count) bytes is over the limit of \(limit); move it by COPY or in slices"
            }
        return PostgresError(.valueRefused, note: note, statement: text)
    }
}
