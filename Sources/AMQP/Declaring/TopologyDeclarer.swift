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
    func closed(_ error: AMQPError, withLink: Bool) {}
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
    /// One declaration.
    enum Step {
        case exchange(ExchangeDeclaration)
        case queue(QueueDeclaration)
        case binding(BindingDeclaration)

        /// What it is reported and told apart by.
        var name: String {
            switch self {
            case .exchange(let exchange): "exchange \(exchange.name)"
            case .queue(let queue): "queue \(queue.name)"
            case .binding(let binding): binding.name
            }
        }

        var method: OutboundMethod {
            switch self {
            case .exchange(let exchange): exchange.method(passive: false)
            case .queue(let queue): queue.method(passive: false)
            case .binding(let binding): binding.method
            }
        }
    }

    /// The declarations in an order in which each finds what it needs.
    var steps: [Step] {
        exchanges.map(Step.exchange) + queues.map(Step.queue) + bindings.map(Step.binding)
    }

    /// These as they are wanted now: one may have been declared anew, or deleted.
    func asWantedNow(_ earlier: [Step]) -> [Step] {
        let current = Dictionary(steps.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        return earlier.compactMap { current[$0.name] }
    }

    init(_ steps: [Step]) {
        self.init()
        for step in steps {
            switch step {
            case .exchange(let exchange): exchanges.append(exchange)
            case .queue(let queue): queues.append(queue)
            case .binding(let binding): bindings.append(binding)
            }
        }
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
    /// Source, destination, key and, as a headers exchange tells bindings apart by them, arguments.
    fileprivate var name: String {
        let place =
            switch destination {
            case .queue(let name): "queue \(name)"
            case .exchange(let name): "exchange \(name)"
            }
        let filter = arguments.map { "\($0.name) = \($0.value)" }.joined(separator: ", ")
        let plain = "binding of \(source) to \(place) by '\(routingKey)'"
        return filter.isEmpty ? plain : "\(plain) with \(filter)"
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
