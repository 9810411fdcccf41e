import Telemetry

/// Makes declarations one after the other; a refused one costs its channel, and the next gets a new one.
final class TopologyDeclarer: Sendable {
    private let link: Link
    private let channel = Lock<Channel?>(nil)

    init(link: Link) {
        self.link = link
    }

    @discardableResult
    func perform(_ method: OutboundMethod) async throws(AMQPError) -> InboundMethod {
        let current: Channel
        if let open = channel.withLock({ $0 }) {
            current = open
        } else {
            current = try await link.openChannel(SilentHandler())
            channel.withLock { $0 = current }
        }
        do {
            return try await current.call(method)
        } catch {
            channel.withLock { $0 = nil }
            throw error.explainingDifference
        }
    }

    func close() async {
        await channel.withLock({ $0 })?.close()
    }
}

/// The handler of a channel that is only asked things.
private final class SilentHandler: ChannelHandler {
    func received(_ method: InboundMethod) {}
    func returned(_ content: ContentAssembler.Content) {}
    func blocked(_ isBlocked: Bool) {}
    func endOfBatch(_ deliveries: inout [ContentAssembler.Content], now: UInt64) -> UInt64 { .max }
    func closed(_ error: AMQPError) {}
}

extension AMQPError {
    /// A 406 about a declaration, with the difference spelled out.
    var explainingDifference: AMQPError {
        guard code == .preconditionFailed, let difference = DeclarationDifference(brokerText: message) else {
            return self
        }
        return AMQPError(.preconditionFailed, difference.description, replyCode: replyCode, cause: self)
    }

    /// What a declaration differs in from what the broker has, where this is such a refusal.
    public var declarationDifference: DeclarationDifference? {
        DeclarationDifference(brokerText: message) ?? (cause as? AMQPError)?.declarationDifference
    }
}

extension Topology {
    /// One declaration, with a name to report it by.
    struct Step {
        var name: String
        var method: OutboundMethod
    }

    /// The declarations in an order in which each finds what it needs.
    var steps: [Step] {
        exchanges.map { Step(name: "exchange \($0.name)", method: $0.method(passive: false)) }
            + queues.map { Step(name: "queue \($0.name)", method: $0.method(passive: false)) }
            + bindings.map { Step(name: "binding \($0.source) to \($0.destinationName)", method: $0.method) }
    }
}

extension ExchangeDeclaration {
    func method(passive: Bool) -> OutboundMethod {
        .exchangeDeclare(
            name: name, type: kind.name, passive: passive, durable: isDurable, autoDelete: isAutoDelete,
            internal: isInternal, arguments)
    }
}

extension QueueDeclaration {
    func method(passive: Bool) -> OutboundMethod {
        .queueDeclare(
            name: name, passive: passive, durable: isDurable, exclusive: isExclusive, autoDelete: isAutoDelete,
            arguments)
    }
}

extension BindingDeclaration {
    var destinationName: String {
        switch destination {
        case .queue(let name): "queue \(name)"
        case .exchange(let name): "exchange \(name)"
        }
    }

    var method: OutboundMethod {
        switch destination {
        case .queue(let name):
            .queueBind(queue: name, exchange: source, routingKey: routingKey, arguments)
        case .exchange(let name):
            .exchangeBind(destination: name, source: source, routingKey: routingKey, arguments)
        }
    }
}
