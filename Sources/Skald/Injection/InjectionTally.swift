import AMQP
import Messaging
import SagaModel
import Telemetry

/// What became of injected messages so far.
struct InjectionTally: Sendable {
    private(set) var madeCount = 0
    private(set) var sentCount = 0
    private(set) var confirmedCount = 0
    private(set) var duplicateCount = 0
    private(set) var flawedCount = 0
    /// Copies that were broken on purpose: what dead queues must hold afterwards.
    private(set) var deadCountExpected = 0
    /// Messages the broker did not take, and why the first of them.
    private(set) var failedCount = 0
    private(set) var firstFailure: String?
    /// Messages that the broker may or may not have, and why that is not known of the first of them.
    private(set) var unknownCount = 0
    private(set) var firstDoubt: String?
    /// Messages whose first copy the broker did not confirm.
    private var untaken: Set<UUIDv7> = []
    /// Sagas that ended, by outcome.
    private(set) var outcomes: [String: Int] = [:]
    /// From placing to the end, in milliseconds.
    private(set) var latencies: [Int64] = []
    private(set) var running: [Injection.SagaKey: Running] = [:]
    /// Messages that start no saga and are not known to be handled, by the service that handles them.
    private(set) var unhandled: [UUIDv7: String] = [:]
    private(set) var handledCount = 0
    /// Commands that a service refused, by the type of its answer, and the first answer in words.
    private(set) var refusals: [String: Int] = [:]
    private(set) var firstRefusal: String?
    /// The trace of the only message; nil if there are more.
    private(set) var traceID: TraceID?

    /// A saga that has not ended, as far as is known.
    struct Running: Sendable {
        /// When its message was sent, in milliseconds since 1970.
        let began: Int64
        let message: UUIDv7
        /// The service that may refuse the message; nil for an event.
        let service: String?

        var sent: EndWatch.Sent? { service.map { (message, $0) } }
    }

    mutating func made(_ batch: [Outgoing]) {
        for copy in batch where !copy.isAgain {
            madeCount += 1
            traceID = madeCount == 1 ? copy.injection.traceID : nil
            if copy.injection.flaw != nil { flawedCount += 1 }
        }
    }

    /// - Parameter outcomes: what became of each copy.
    mutating func sent(_ batch: [Outgoing], _ outcomes: [PublishOutcome], at now: Int64) {
        sentCount += batch.count
        duplicateCount += batch.count { $0.isAgain }
        for (copy, outcome) in zip(batch, outcomes) {
            if !outcome.isConfirmed, !copy.isAgain { untaken.insert(copy.injection.id) }
            switch outcome {
            case .confirmed: confirmed(copy, at: now)
            case .returned, .nacked, .notSent:
                failedCount += 1
                firstFailure = firstFailure ?? outcome.error?.message
            case .unknown:
                unknownCount += 1
                firstDoubt = firstDoubt ?? outcome.error?.message
            }
        }
    }

    private mutating func confirmed(_ copy: Outgoing, at now: Int64) {
        let injection = copy.injection
        confirmedCount += 1
        if injection.flaw != nil { deadCountExpected += 1 }
        // A second copy may come when all is over; it starts nothing.
        if injection.flaw != nil || copy.isAgain && untaken.remove(injection.id) == nil { return }
        if let saga = injection.saga {
            let service = injection.entry.isEvent ? nil : injection.entry.type.owner
            if let other = running[saga], let service, other.message != injection.id {
                // At most one of them starts it.
                unhandled[injection.id] = service
            } else {
                running[saga] = running[saga] ?? Running(began: now, message: injection.id, service: service)
            }
        } else if !injection.entry.isEvent {
            unhandled[injection.id] = injection.entry.type.owner
        }
    }

    /// - Parameter at: milliseconds since 1970.
    mutating func ended(_ saga: Injection.SagaKey, as outcome: String, at: Int64) {
        guard let running = running.removeValue(forKey: saga) else { return }
        outcomes[outcome, default: 0] += 1
        latencies.append(max(0, at - running.began))
    }

    mutating func refused(_ refusals: [Refusal]) {
        if refusals.isEmpty { return }
        let sagas = Dictionary(running.map { ($0.value.message, $0.key) }) { first, _ in first }
        for refusal in refusals {
            if let saga = sagas[refusal.id] { running[saga] = nil }
            unhandled[refusal.id] = nil
            self.refusals[refusal.type, default: 0] += 1
            firstRefusal = firstRefusal ?? refusal.words
        }
    }

    var refusedCount: Int { refusals.values.reduce(0, +) }

    mutating func handled(_ ids: [UUIDv7]) {
        for id in ids where unhandled.removeValue(forKey: id) != nil { handledCount += 1 }
    }

    /// Whether the broker has everything that was sent.
    var isWhole: Bool { failedCount == 0 && unknownCount == 0 }

    var isWaiting: Bool { !running.isEmpty || !unhandled.isEmpty }

    /// The latency that this share of the sagas did not exceed.
    func latency(_ share: Double) -> Int64? {
        if latencies.isEmpty { return nil }
        let sorted = latencies.sorted()
        return sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
    }

    /// One line for people who watch.
    ///
    /// - Parameter wanted: how many messages there will be, where that is known.
    func line(wanted: Int?, after elapsed: Duration) -> String {
        var parts = ["sent \(madeCount.grouped)" + (wanted.map { "/\($0.grouped)" } ?? "")]
        parts.append("confirmed \(confirmedCount.grouped)")
        if unknownCount > 0 { parts.append("unknown \(unknownCount.grouped)") }
        for (outcome, count) in outcomes.sorted(by: { $0.key < $1.key }) { parts.append("\(outcome) \(count.grouped)") }
        if refusedCount > 0 { parts.append("refused \(refusedCount.grouped)") }
        if isWaiting { parts.append("running \((running.count + unhandled.count).grouped)") }
        if deadCountExpected > 0 { parts.append("malformed \(deadCountExpected.grouped)") }
        if let p95 = latency(0.95) { parts.append("p95 \(Int(p95).grouped) ms") }
        parts.append("\(Rate(count: madeCount, during: elapsed).perSecond.grouped)/s")
        return parts.joined(separator: " · ")
    }

    func value(after elapsed: Duration) -> Value {
        var record: Record = [
            "messages": .integer(Int64(madeCount)), "sent": .integer(Int64(sentCount)),
            "confirmed": .integer(Int64(confirmedCount)), "duplicates": .integer(Int64(duplicateCount)),
            "malformed": .integer(Int64(flawedCount)), "dead_expected": .integer(Int64(deadCountExpected)),
            "failed": .integer(Int64(failedCount)), "unknown": .integer(Int64(unknownCount)),
            "refused": .record(
                Record(refusals.map { Record.Member(name: $0.key, value: .integer(Int64($0.value))) })),
            "running": .integer(Int64(running.count)), "unhandled": .integer(Int64(unhandled.count)),
            "elapsed_ms": .integer(Int64(elapsed.seconds * 1000)),
            "outcomes": .record(
                Record(outcomes.map { Record.Member(name: $0.key, value: .integer(Int64($0.value))) })),
        ]
        record["trace_id"] = traceID.map { .string($0.description) }
        record["p50_ms"] = latency(0.5).map { .integer($0) }
        record["p95_ms"] = latency(0.95).map { .integer($0) }
        record["p99_ms"] = latency(0.99).map { .integer($0) }
        return .record(record)
    }
}
