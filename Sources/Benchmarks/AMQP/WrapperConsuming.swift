internal import AMQP

/// Consumes a load through the wrapper, on a connection that is opened and closed outside the section.
struct WrapperConsuming {
    private let load: Load
    private let endpoint: Endpoint
    private let isOnLoop: Bool

    init(_ load: Load, _ endpoint: Endpoint, onLoop isOnLoop: Bool) {
        self.load = load
        self.endpoint = endpoint
        self.isOnLoop = isOnLoop
    }

    /// Delivery by delivery, as `for await` gives them.
    func oneByOne() async throws -> Measurement {
        try await measure { consumer in
            var rest = load.messageCount
            for await delivery in consumer {
                try check(delivery)
                delivery.ack()
                rest -= 1
                if rest == 0 { break }
            }
        }
    }

    /// Batch by batch.
    func inBatches() async throws -> Measurement {
        try await measure { consumer in
            var rest = load.messageCount
            while rest > 0 {
                let batch = await consumer.nextBatch(countMax: 64)
                for delivery in batch {
                    try check(delivery)
                    delivery.ack()
                }
                rest -= batch.count
            }
        }
    }

    /// All sides look at the size of the body and at the message id.
    private func check(_ delivery: Delivery) throws {
        guard delivery.body.count == load.bodySize, delivery.messageID?.utf8.count == 36 else {
            throw UnexpectedDelivery()
        }
    }

    private func measure(_ section: (Consumer) async throws -> Void) async throws -> Measurement {
        let connection = try await Connection.connect(endpoint.configuration)
        var options = ConsumerOptions()
        options.prefetchCount = UInt16(load.window)
        var subscribed: Consumer?
        let measurement = try await Measurement.take(count: load.messageCount, server: endpoint.processID) { _ in
            let consumer = try await connection.consume(Load.queue, options)
            subscribed = consumer
            try await withTaskExecutorPreference(isOnLoop ? connection.executor : nil) { try await section(consumer) }
        }
        await subscribed?.cancel()
        _ = await connection.close()
        return measurement
    }
}

/// A delivery that is not what was published.
private struct UnexpectedDelivery: Error {}
