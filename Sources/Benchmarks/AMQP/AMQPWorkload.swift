/// One kind of work on the broker, done by every side in turns.
struct AMQPWorkload: Sendable {
    enum Kind: Sendable {
        case publish
        /// The queue is filled before the section.
        case consume
    }

    /// How its figures begin.
    let name: String
    let kind: Kind
    let load: Load

    static func all(_ settings: RunSettings) -> [AMQPWorkload] {
        [
            publish("confirmed_publish_w1", window: 1, settings.count(3_000, quick: 20)),
            publish("confirmed_publish_w64", window: 64, settings.count(40_000, quick: 100)),
            publish("confirmed_publish_w1000", window: 1_000, settings.count(60_000, quick: 1_200)),
            consume("consume_p1", prefetch: 1, ackEvery: 1, settings.count(3_000, quick: 20)),
            consume("consume_p250", prefetch: 250, ackEvery: 32, settings.count(100_000, quick: 600)),
        ]
    }

    private static func publish(_ name: String, window: Int, _ count: Int) -> AMQPWorkload {
        AMQPWorkload(name: name, kind: .publish, load: Load(messageCount: count, window: window))
    }

    private static func consume(_ name: String, prefetch: Int, ackEvery: Int, _ count: Int) -> AMQPWorkload {
        let load = Load(messageCount: count, window: prefetch, ackEvery: ackEvery)
        return AMQPWorkload(name: name, kind: .consume, load: load)
    }

    /// Whether one message follows the other, so that each has a latency of its own.
    private var isOneByOne: Bool { kind == .publish && load.window == 1 }

    func comparison(on broker: Endpoint) -> Comparison {
        Comparison(
            name,
            AMQPSide.allCases.map { side in
                Comparison.Side(name: side.rawValue) { try await measure(side, on: broker) }
            })
    }

    /// Does the work once, on a queue of its own.
    private func measure(_ side: AMQPSide, on broker: Endpoint) async throws -> Measurement {
        try BaselineQueue.create(on: broker)
        let measurement: Measurement
        switch kind {
        case .publish:
            measurement = try await side.loop.publish(load, to: broker, keepsLatencies: isOneByOne)
        case .consume:
            let filling = Load(messageCount: load.messageCount, bodySize: load.bodySize, window: 1_000)
            _ = try await BaselineLoop.best.publish(filling, to: broker)
            measurement = try await side.loop.consume(load, from: broker)
        }
        try BaselineQueue.delete(on: broker)
        return measurement
    }

    /// Reports what each side reached and what it cost.
    func add(_ rounds: Rounds, to report: inout Report) {
        for side in AMQPSide.allCases {
            let start = "\(name)_\(side.rawValue)"
            report.figure("\(start)_per_second", rounds.spread(side.rawValue, \.perSecond))
            report.figure("\(start)_cpu_us_per_message", rounds.spread(side.rawValue, \.processorMicrosecondsPerUnit))
            report.figure(
                "\(start)_broker_cpu_us_per_message", rounds.spread(side.rawValue, \.serverMicrosecondsPerUnit))
            report.figure("\(start)_write_syscalls_per_message", rounds.spread(side.rawValue, \.writesPerUnit))
            if isOneByOne {
                report.figure(
                    "\(start)_p50_us", rounds.spread(side.rawValue) { $0.latencyMicroseconds(percentile: 50) })
                report.figure(
                    "\(start)_p99_us", rounds.spread(side.rawValue) { $0.latencyMicroseconds(percentile: 99) })
            }
        }
    }
}
