/// The metrics every service shows, under the names dashboards are written against.
///
/// Durations are in seconds, sizes in bytes; no id is ever a label.
package enum MetricCatalogue {
    package static let messagesProcessed = MetricDescription(
        "messages_processed_total", help: "Messages whose handling ended, by queue and how it ended.",
        labels: ["queue", "outcome"])
    package static let messageDuplicates = MetricDescription(
        "message_duplicates_total", help: "Messages that had been handled before.", labels: ["queue"])
    package static let messageRetries = MetricDescription(
        "message_retries_total", help: "Messages sent to a retry queue.", labels: ["queue", "level"])
    package static let messagesDeadLettered = MetricDescription(
        "messages_dead_lettered_total", help: "Messages moved to a dead queue.", labels: ["queue", "reason"])
    package static let messageProcessSeconds = MetricDescription(
        "messaging_process_duration_seconds", help: "From the start of a batch to its commit.", labels: ["queue"])
    package static let batchSize = MetricDescription(
        "messaging_batch_size_messages", help: "Messages in one transaction.", labels: ["queue"])
    package static let batchConflicts = MetricDescription(
        "messaging_batch_conflicts_total",
        help: "Batches that took for granted what was not so, and began again by reading.", labels: ["queue"])

    package static let outboxPending = MetricDescription(
        "outbox_pending", help: "Outbox rows that are not confirmed by the broker.")
    package static let outboxOldestAgeSeconds = MetricDescription(
        "outbox_oldest_age_seconds", help: "Age of the oldest outbox row that is not confirmed.")

    package static let brokerConnected = MetricDescription(
        "broker_connected", help: "1 while the broker is connected.")
    package static let brokerBlocked = MetricDescription(
        "broker_blocked", help: "1 while the broker refuses publishers for lack of memory or disk.")
    package static let databasePoolInUse = MetricDescription(
        "db_pool_in_use", help: "Database connections lent out.")
    package static let consumerPaused = MetricDescription(
        "consumer_paused", help: "1 while a consumer holds its messages back, by queue and why.",
        labels: ["queue", "reason"])

    package static let sagasStarted = MetricDescription(
        "saga_started_total", help: "Sagas started.", labels: ["saga"])
    package static let sagasFinished = MetricDescription(
        "saga_finished_total", help: "Sagas that came to an end.", labels: ["saga", "outcome"])
    package static let sagaSeconds = MetricDescription(
        "saga_duration_seconds", help: "From the start of a saga to its end.", labels: ["saga"])
    package static let sagaStepSeconds = MetricDescription(
        "saga_step_duration_seconds", help: "From sending a step's command to its reply.", labels: ["step"])
    package static let sagasInFlight = MetricDescription(
        "saga_in_flight", help: "Sagas that are not at an end.", labels: ["saga"])
    package static let sagaOldestAgeSeconds = MetricDescription(
        "saga_oldest_age_seconds", help: "Age of the oldest saga that is not at an end.", labels: ["saga"])

    package static let buildInformation = MetricDescription(
        "app_build_info", help: "Always 1; the labels tell which program this is.", labels: ["service", "version"])
}
