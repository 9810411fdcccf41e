package import Telemetry

/// Where a participant tells what it does.
package struct ParticipantTelemetry: Sendable {
    package let log: Logger
    package let metrics: MetricRegistry

    package init(log: Logger, metrics: MetricRegistry) {
        self.log = log
        self.metrics = metrics
    }
}

/// The series of one queue, looked up once.
struct QueueMetrics: Sendable {
    private let queue: String
    private let processed: MetricFamily<Counter>
    private let retried: MetricFamily<Counter>
    private let deadLettered: MetricFamily<Counter>
    private let paused: MetricFamily<Gauge>
    let duplicates: Counter
    let completed: Counter
    let seconds: Histogram
    let batchSize: Histogram
    let conflicts: Counter

    init(_ registry: MetricRegistry, queue: String) {
        self.queue = queue
        processed = registry.counter(MetricCatalogue.messagesProcessed)
        retried = registry.counter(MetricCatalogue.messageRetries)
        deadLettered = registry.counter(MetricCatalogue.messagesDeadLettered)
        paused = registry.gauge(MetricCatalogue.consumerPaused)
        duplicates = registry.counter(MetricCatalogue.messageDuplicates).with(queue)
        completed = processed.with(queue, "completed")
        seconds = registry.histogram(MetricCatalogue.messageProcessSeconds).with(queue)
        batchSize = registry.histogram(MetricCatalogue.batchSize, bounds: Histogram.batchBounds).with(queue)
        conflicts = registry.counter(MetricCatalogue.batchConflicts).with(queue)
    }

    func retried(_ level: String) {
        processed.with(queue, "retried").add()
        retried.with(queue, level).add()
    }

    func deadLettered(_ reason: String) {
        processed.with(queue, "dead").add()
        deadLettered.with(queue, reason).add()
    }

    func isPaused(_ isPaused: Bool, _ reason: String) {
        paused.with(queue, reason).set(isPaused)
    }
}
