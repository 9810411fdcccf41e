import AMQP

/// Sends a few orders and reads them back.
func exchangeOrders(url: String) async throws -> [String] {
    var configuration = try ConnectionConfiguration(url: url, name: "orders/1")
    configuration.openTimeout = .seconds(20)

    // One connection to publish on, one to consume on: a resource alarm of the broker stops reading from those that
    // publish, and acks on the same connection would wait behind it.
    let publishing = try await Connection.connect(configuration)
    let consuming = try await Connection.connect(configuration)

    // What is declared here is declared again after every reconnect.
    var orders = QueueDeclaration("orders", kind: .quorum)
    orders.deliveryLimit = 20
    try await consuming.declare(orders)

    // Any number of tasks may share a publisher; each call returns once the broker has confirmed its message.
    let publisher = try await publishing.makePublisher()
    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 1...3 {
            group.addTask {
                let message = Message(text: "order \(number)", properties: Properties(messageID: "m-\(number)"))
                try await publisher.publish(message, routingKey: "orders")
            }
        }
        try await group.waitForAll()
    }

    // A batch costs one hand-off; its outcomes come in the order given.
    let outcomes = await publisher.publish(contentsOf: [
        Publication(Message(text: "order 4"), routingKey: "orders"),
        Publication(Message(text: "lost"), routingKey: "no-such-queue"),
    ])
    for outcome in outcomes {
        if case .returned(let code, let reason) = outcome { print("not routed: \(code) \(reason)") }
    }

    // At most 100 deliveries are unsettled at a time; the broker holds the rest back.
    var options = ConsumerOptions()
    options.prefetchCount = 100
    let consumer = try await consuming.consume("orders", options)
    var received: [String] = []
    for await delivery in consumer {
        received.append(String(decoding: delivery.body, as: UTF8.self))
        delivery.ack()
        if received.count == 4 { break }
    }

    // Finishes what was handed out, confirms what was published, closes in order.
    await consuming.close(gracePeriod: .seconds(5))
    await publishing.close(gracePeriod: .seconds(5))
    return received.sorted()
}
