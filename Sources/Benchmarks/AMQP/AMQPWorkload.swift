/// One kind of work on the broker, done by every side in turns.
struct AMQPWorkload: Sendable {
    enum Kind: Sendable {
        /// One message after the other; each has a latency of its own.
        case publishOneByOne
        case publish
        /// The queue is filled before the section.
        case consume
    }

    /// How its figures and ratios begin.
    let name: String
    let kind: Kind
    let sides: [AMQPSide]
    let load: Load

    static func all(_ settings: RunSettings) -> [AMQPWorkload] {
        [
            AMQPWorkload(
                name: "confirmed_publish_w1", kind: .publishOneByOne, sides: AMQPSide.oneByOne,
                load: Load(messageCount: settings.count(3_000, quick: 20), window: 1)),
            AMQPWorkload(
                name: "confirmed_publish_w64", kind: .publish, sides: AMQPSide.publishing,
                load: Load(messageCount: settings.count(40_000, quick: 100), window: 64)),
            AMQPWorkload(
                name: "confirmed_publish_w1000", kind: .publish, sides: AMQPSide.publishing,
                load: Load(messageCount: settings.count(60_000, quick: 1_200), window: 1_000)),
            AMQPWorkload(
                name: "consume_p1", kind: .consume, sides: AMQPSide.oneByOne,
                load: Load(messageCount: settings.count(3_000, quick: 20), window: 1, ackEvery: 1)),
            AMQPWorkload(
                name: "consume_p250", kind: .consume, sides: AMQPSide.consuming,
                // As many as the wrapper puts into one ack: a third of what is handed over ahead.
                load: Load(messageCount: settings.count(100_000, quick: 600), window: 250, ackEvery: 83)),
        ]
    }

    func comparison(on broker: Endpoint) -> Comparison {
        Comparison(
            name,
            sides.map { side in
                Comparison.Side(name: side.rawValue) { try await measure(side, on: broker) }
            })
    }

    /// Does the work once, on a queue of its own.
    private func measure(_ side: AMQPSide, on broker: Endpoint) async throws -> Measurement {
        try BaselineQueue.create(on: broker)
        let measurement: Measurement
        switch kind {
        case .publishOneByOne:
            measurement = try await side.publish(load, to: broker, keepsLatencies: true)
        case .publish:
            measurement = try await side.publish(load, to: broker)
        case .consume:
            let filling = Load(messageCount: load.messageCount, bodySize: load.bodySize, window: 1_000)
            _ = try await BaselineLoop.best.publish(filling, to: broker)
            measurement = try await side.consume(load, from: broker)
        }
        try BaselineQueue.delete(on: broker)
        return measurement
    }

    /// Reports what each side reached and what it cost, and our sides over the C sides.
    func add(_ rounds: Rounds, to report: inout Report) {
        for side in sides { add(side, rounds, to: &report) }
        for (ours, prefix) in [
            (AMQPSide.skald, name), (.skaldTasks, "\(name)_tasks"), (.skaldBatches, "\(name)_batches"),
            (.skaldPool, "\(name)_pool"),
        ]
        where sides.contains(ours) {
            for baseline in [AMQPSide.best, .plain] {
                let ratio = rounds.ratio(ours.rawValue, over: baseline.rawValue, \.perSecond)
                report.ratio("\(prefix)_vs_\(baseline.rawValue)", ratio, reach: reach(ours, over: baseline))
                let cost = rounds.ratio(ours.rawValue, over: baseline.rawValue, Self.clientAndBrokerMicroseconds)
                report.ratio("\(prefix)_client_and_broker_cpu_vs_\(baseline.rawValue)", cost)
            }
        }
        if kind == .publishOneByOne {
            let ratio = rounds.ratio(AMQPSide.skald.rawValue, over: AMQPSide.best.rawValue, Self.medianLatency)
            report.ratio("\(name)_latency_vs_best_c", ratio, reach: .atMost(1.3))
        }
    }

    private func add(_ side: AMQPSide, _ rounds: Rounds, to report: inout Report) {
        let start = "\(name)_\(side.rawValue)"
        let figure = { rounds.spread(side.rawValue, $0) }
        report.figure("\(start)_per_second", figure(\.perSecond))
        report.figure("\(start)_cpu_us_per_message", figure(\.processorMicrosecondsPerUnit))
        report.figure("\(start)_broker_cpu_us_per_message", figure(\.serverMicrosecondsPerUnit))
        report.figure("\(start)_write_syscalls_per_message", figure(\.writesPerUnit))
        report.figure("\(start)_allocations_per_message", figure(\.allocationsPerUnit))
        if side.isOurs {
            report.figure("\(start)_io_thread_cpu_us_per_message", figure(Self.ioThreadMicroseconds))
        }
        if kind == .publishOneByOne {
            report.figure("\(start)_p50_us", figure(Self.medianLatency))
            report.figure("\(start)_p99_us", figure { $0.latencyMicroseconds(percentile: 99) })
        }
    }

    /// What our side should reach, where a mark is set.
    private func reach(_ ours: AMQPSide, over baseline: AMQPSide) -> Reach? {
        if ours == .skaldPool { return nil }
        return switch (kind, load.window, baseline) {
        case (.publish, 1_000, .best): .atLeast(0.85)
        case (.consume, 250, .best): .atLeast(0.7)
        case (.publish, 1_000, .plain), (.consume, 250, .plain): .atLeast(1)
        default: nil
        }
    }

    /// The share of the wrapper's own thread; the rest is the caller's.
    private static func ioThreadMicroseconds(_ measurement: Measurement) -> Double {
        (measurement.threadTimes["skald-amqp"] ?? .zero).inMicroseconds / Double(measurement.count)
    }

    /// What a message costs on both ends. Client and broker share the cores, so at full rate this sets the pace; unlike the
    /// pace it hardly moves when something else runs on the machine.
    private static func clientAndBrokerMicroseconds(_ measurement: Measurement) -> Double {
        measurement.processorMicrosecondsPerUnit + measurement.serverMicrosecondsPerUnit
    }

    private static func medianLatency(_ measurement: Measurement) -> Double {
        measurement.latencyMicroseconds(percentile: 50)
    }
}
