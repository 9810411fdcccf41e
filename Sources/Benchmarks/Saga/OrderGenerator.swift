internal import AMQP
internal import Contracts
internal import Messaging
internal import Participant
internal import Telemetry

/// Places orders as `skald inject` does, and hears of their ends by the events of the order service.
///
/// Every order can be approved: its consumer is a subscriber with room on the card, its restaurant is open.
final class OrderGenerator: Sendable {
    private let connections: [Connection]
    private let publisher: Publisher
    private let ends: Consumer
    private let ids = UUIDv7Source(now: { Logger.wallClockMilliseconds() })
    private let number = Lock(0)

    /// The orders placed so far.
    var orderCount: Int { number.withLock { $0 } }

    /// Enough that orders under way together are seldom of one consumer.
    private static let consumerCount = 1_000
    private static let restaurantCount = 20
    /// Without an end for this long something is broken.
    private static let patience = Duration.seconds(60)

    init(_ system: SagaSystem) async throws {
        let publishing = try await Connection.connect(system.connection(as: TopologyNames.tool))
        let consuming = try await Connection.connect(system.connection(as: SagaSystem.watcher))
        connections = [publishing, consuming]
        publisher = try await publishing.makePublisher()
        ends = try await consuming.consume(SagaSystem.watcher)
    }

    func close() async {
        for connection in connections { await connection.close(gracePeriod: .seconds(5)) }
    }

    // MARK: What has to be there first

    /// Registers consumers, opens their accounts and publishes menus; returns when all of them are handled.
    func bringWhatIsNeeded() async throws {
        let year = Int64(365 * 86_400_000)
        var commands = try (0..<Self.restaurantCount).map { try command(Self.menu($0), isAnswered: true) }
        for number in 0..<Self.consumerCount {
            let consumer = Self.consumer(number)
            commands.append(
                try command(
                    ConsumerMessages.RegisterConsumer(consumerId: consumer, plan: .subscriber), isAnswered: true))
            commands.append(
                try command(
                    AccountingMessages.OpenAccount(
                        consumerId: consumer, cardToken: "tok_card_of_\(consumer)", limit: 1_000_000_000_000,
                        expires: Logger.wallClockMilliseconds() + year), isAnswered: true))
        }
        try await send(commands)
        try await withinPatience("menus, consumers and accounts are not answered") { [self, count = commands.count] in
            var remaining = count
            while remaining > 0 { remaining -= try await take(remaining) { _, _ in } }
        }
    }

    private static func consumer(_ number: Int) -> String { "consumer-\(number % consumerCount)" }
    private static func restaurant(_ number: Int) -> String { "restaurant-\(number % restaurantCount)" }

    private static func menu(_ number: Int) -> KitchenMessages.PublishMenu {
        KitchenMessages.PublishMenu(
            restaurantId: restaurant(number), isOpen: true,
            items: [
                .init(menuItemId: "carbonara", name: "Spaghetti carbonara", price: 1250),
                .init(menuItemId: "tiramisu", name: "Tiramisu", price: 650),
            ])
    }

    // MARK: Orders

    /// Places so many orders and keeps a number of them under way.
    ///
    /// - Returns: how long each took, from before it was published to its event in hand.
    func run(_ count: Int, outstanding: Int) async throws -> [Duration] {
        try await withinPatience("\(count) orders with \(outstanding) at once are not done") { [self] in
            var open: [String: ContinuousClock.Instant] = [:]
            var latencies: [Duration] = []
            var placedCount = 0
            try await withThrowingDiscardingTaskGroup { group in
                while latencies.count < count {
                    let wanted = min(outstanding - open.count, count - placedCount)
                    if wanted > 0 {
                        let commands = try place(wanted, &open)
                        group.addTask { [self] in try await send(commands) }
                        placedCount += wanted
                    }
                    _ = try await take(outstanding) { order, now in
                        if let start = open.removeValue(forKey: order) { latencies.append(now - start) }
                    }
                }
            }
            return latencies
        }
    }

    /// Places one order after the other at a slow pace.
    func runSlowly(_ count: Int, every interval: Duration) async throws -> [Duration] {
        var latencies: [Duration] = []
        let start = ContinuousClock.now
        for number in 0..<count {
            try await Task.sleep(until: start + interval * number)
            latencies += try await run(1, outstanding: 1)
        }
        return latencies
    }

    private func place(_ count: Int, _ open: inout [String: ContinuousClock.Instant]) throws -> [Publication] {
        let now = ContinuousClock.now
        return try (0..<count).map { _ in
            let order = ids.next().description
            let number = number.withLock { number in
                number += 1
                return number
            }
            open[order] = now
            return try command(
                OrderMessages.PlaceOrder(
                    orderId: order, consumerId: Self.consumer(number), restaurantId: Self.restaurant(number),
                    lines: [
                        .init(menuItemId: "carbonara", quantity: 2), .init(menuItemId: "tiramisu", quantity: 1),
                    ]), isAnswered: false)
        }
    }

    // MARK: Messages

    private func command(_ payload: some MessagePayload, isAnswered: Bool) throws -> Publication {
        let type = type(of: payload).messageType
        let envelope = Envelope(
            id: ids.next(), type: type, source: "/\(TopologyNames.tool)",
            replyTo: isAnswered ? SagaSystem.watcher : nil, timestamp: Logger.wallClockMilliseconds() / 1000,
            appID: TopologyNames.tool, userID: TopologyNames.tool)
        return Publication(
            envelope.message(body: try JSON.encode(payload)).amqp, to: TopologyNames.commands, routingKey: type.owner)
    }

    private func send(_ commands: [Publication]) async throws {
        for outcome in await publisher.publish(contentsOf: commands) {
            if let error = outcome.error { throw error }
        }
    }

    /// Takes what has come, and tells of each order that was approved.
    ///
    /// - Returns: how many messages came.
    private func take(
        _ countMax: Int, _ approved: (_ order: String, _ now: ContinuousClock.Instant) -> Void
    ) async throws -> Int {
        let batch = await ends.nextBatch(countMax: countMax)
        if batch.isEmpty { throw BaselineFailure(description: "the events ended early") }
        let now = ContinuousClock.now
        for delivery in batch {
            switch delivery.type {
            case OrderMessages.Approved.messageType.text:
                approved(try JSON.decode(OrderMessages.Approved.self, from: delivery.body).orderId, now)
            case OrderMessages.Rejected.messageType.text:
                throw BaselineFailure(
                    description: "an order was rejected: \(String(decoding: delivery.body, as: UTF8.self))")
            default: break
            }
            delivery.ack()
        }
        return batch.count
    }

    private func withinPatience<Result: Sendable>(
        _ complaint: String, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: Self.patience)
                throw BaselineFailure(description: "\(complaint) within \(Self.patience)")
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }
}
