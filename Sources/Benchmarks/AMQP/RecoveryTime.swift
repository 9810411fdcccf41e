internal import AMQP
import Glibc
internal import LocalServers

/// How long after the broker's port opens again a consumer has its next delivery.
struct RecoveryTime {
    private let broker: RabbitServer
    private let roundCount: Int

    init(_ broker: RabbitServer, _ settings: RunSettings) {
        self.broker = broker
        roundCount = settings.count(min(3, settings.roundCount), quick: 1)
    }

    func run(into report: inout Report) async throws {
        var times: [Double] = []
        for round in 0..<roundCount {
            let time = try await measure()
            Progress.say("recovery_after_port_open  round \(round): \(time.inMilliseconds.shortText) ms")
            times.append(time.inMilliseconds)
        }
        report.figure("recovery_after_port_open_ms", Spread(times), reach: .atMost(2_000))
    }

    /// Holds one delivery without settling it, restarts the broker, and waits for the delivery to come again.
    private func measure() async throws -> Duration {
        let endpoint = Endpoint(broker)
        try BaselineQueue.create(on: endpoint)
        _ = try await BaselineLoop.best.publish(Load(messageCount: 1, window: 1), to: endpoint)
        let connection = try await Connection.connect(endpoint.configuration)
        let consumer = try await connection.consume(Load.queue)
        let deliveries = consumer.makeAsyncIterator()
        guard await deliveries.next() != nil else { throw NoDelivery() }

        try await broker.stop()
        let port = broker.port
        let opening = Task { try await Self.momentOfOpening(port) }
        let starting = Task { [broker] in try await broker.start() }
        guard let again = await deliveries.next() else { throw NoDelivery() }
        let arrival = ContinuousClock.now
        again.ack()
        let time = arrival - (try await opening.value)
        try await starting.value
        await consumer.cancel()
        _ = await connection.close()
        try BaselineQueue.delete(on: endpoint)
        return time
    }

    /// Tries the port every millisecond until it accepts.
    private static func momentOfOpening(_ port: UInt16) async throws -> ContinuousClock.Instant {
        while true {
            if accepts(port) { return ContinuousClock.now }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private static func accepts(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// The consumer ended instead of delivering.
private struct NoDelivery: Error {}
