extension Connection {
    /// Declares exchanges, queues and bindings, and makes them again after every reconnect.
    ///
    /// Every entity is tried, also after one was refused; those that the broker took are made again in any case.
    ///
    /// - Throws: the first refusal; a `preconditionFailed` tells what differs, see `declarationDifference`.
    public func declare(_ topology: Topology) async throws(AMQPError) {
        for step in topology.steps { try step.method.checkLimits() }
        let declarer = TopologyDeclarer(link: try await core.linkInTime())
        var accepted: [Topology.Step] = []
        var firstError: AMQPError?
        for step in topology.steps {
            do {
                try await declarer.perform(step.method)
                accepted.append(step)
            } catch {
                if firstError == nil { firstError = error }
            }
        }
        core.remember(Topology(accepted))
        await declarer.close()
        if let firstError { throw firstError }
    }

    /// Declares one queue and makes it again after every reconnect, unless the broker chose its name.
    @discardableResult
    public func declare(_ queue: QueueDeclaration) async throws(AMQPError) -> QueueStatus {
        let status = try await Self.status(request(queue.method(passive: false)))
        if !queue.name.isEmpty { core.remember(Topology(queues: [queue])) }
        return status
    }

    /// Declares one exchange and makes it again after every reconnect.
    public func declare(_ exchange: ExchangeDeclaration) async throws(AMQPError) {
        try await declare(Topology(exchanges: [exchange]))
    }

    /// Binds, and binds again after every reconnect.
    public func declare(_ binding: BindingDeclaration) async throws(AMQPError) {
        try await declare(Topology(bindings: [binding]))
    }

    /// Asks whether a queue exists, without a right to configure it.
    ///
    /// - Throws: `notFound` where it does not.
    public func status(ofQueue name: String) async throws(AMQPError) -> QueueStatus {
        return try await Self.status(request(QueueDeclaration(name).method(passive: true)))
    }

    /// Asks whether an exchange exists.
    ///
    /// - Throws: `notFound` where it does not.
    public func check(exchange name: String) async throws(AMQPError) {
        try await request(ExchangeDeclaration(name, kind: .direct).method(passive: true))
    }

    /// Removes a binding from an exchange to a queue.
    public func unbind(queue: String, from exchange: String, routingKey: String) async throws(AMQPError) {
        try await request(.queueUnbind(queue: queue, exchange: exchange, routingKey: routingKey, [:]))
        core.forget { $0.remove(BindingDeclaration(from: exchange, to: .queue(queue), routingKey: routingKey)) }
    }

    /// Deletes a queue with its messages.
    ///
    /// - Parameter onlyIfEmpty: refuse where messages are left. Quorum queues do not know this before RabbitMQ 4.
    /// - Returns: how many messages went with it.
    @discardableResult
    public func delete(queue name: String, onlyIfUnused: Bool = false, onlyIfEmpty: Bool = false)
        async throws(AMQPError)
        -> Int
    {
        let answer = try await request(.queueDelete(name: name, ifUnused: onlyIfUnused, ifEmpty: onlyIfEmpty))
        core.forget { $0.removeQueue(name) }
        if case .queueDeleteOK(let count) = answer { return Int(count) }
        return 0
    }

    /// Deletes an exchange.
    public func delete(exchange name: String, onlyIfUnused: Bool = false) async throws(AMQPError) {
        try await request(.exchangeDelete(name: name, ifUnused: onlyIfUnused))
        core.forget { $0.removeExchange(name) }
    }

    /// Drops the ready messages of a queue.
    ///
    /// - Returns: how many there were.
    @discardableResult
    public func purge(queue name: String) async throws(AMQPError) -> Int {
        if case .queuePurgeOK(let count) = try await request(.queuePurge(name: name)) { return Int(count) }
        return 0
    }

    @discardableResult
    private func request(_ method: OutboundMethod) async throws(AMQPError) -> InboundMethod {
        let declarer = TopologyDeclarer(link: try await core.linkInTime())
        let answer = try await declarer.perform(method)
        await declarer.close()
        return answer
    }

    private static func status(_ answer: InboundMethod) throws(AMQPError) -> QueueStatus {
        guard case .queueDeclareOK(let name, let messages, let consumers) = answer else {
            throw AMQPError(.protocolViolation, "the broker answered a queue declaration with \(answer)")
        }
        return QueueStatus(name: name, messageCount: Int(messages), consumerCount: Int(consumers))
    }
}

/// The bound of AMQP's short strings, checked before the encoder would refuse them without a name.
enum ShortString {
    static let byteCountMax = 255

    static func check(_ text: String, _ what: @autoclosure () -> String) throws(AMQPError) {
        guard text.utf8.count <= byteCountMax else {
            throw AMQPError(
                .invalidArgument, "\(what()) is \(text.utf8.count) bytes long; AMQP allows \(byteCountMax)")
        }
    }
}

extension ConnectionConfiguration {
    /// - Throws: `invalidArgument`, naming the setting.
    func validate() throws(AMQPError) {
        guard !hosts.isEmpty else { throw AMQPError(.invalidArgument, "a connection needs at least one host") }
        try ShortString.check(virtualHost, "the virtual host's name")
        guard frameByteCountMax >= 4096, frameByteCountMax <= 16 * 1024 * 1024 else {
            throw AMQPError(
                .invalidArgument, "frameByteCountMax is \(frameByteCountMax); it must be from 4096 to 16777216")
        }
        guard channelCountMax >= 1 else { throw AMQPError(.invalidArgument, "channelCountMax must be at least 1") }
        guard bodyByteCountMax >= 0 else { throw AMQPError(.invalidArgument, "bodyByteCountMax is negative") }
        // Counted in whole seconds: less than one would be none.
        guard heartbeat == .zero || heartbeat >= .seconds(1), heartbeat <= .seconds(65_535) else {
            throw AMQPError(.invalidArgument, "the heartbeat must be 0, which turns it off, or from 1 to 65535 seconds")
        }
    }
}
