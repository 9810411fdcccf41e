import AMQP
import Telemetry

/// Keeps what the broker says of our connections: whether they are up, whether publishing is blocked.
final class BrokerWatch: Sendable {
    private struct State {
        var isPublishingUp = true
        var isConsumingUp = true
        var blockedReason: String?
    }

    private let state = Lock(State())
    private let gate: Gate
    private let log: Logger
    private let connected: Gauge
    private let blocked: Gauge

    init(_ gate: Gate, _ telemetry: ParticipantTelemetry) {
        self.gate = gate
        log = telemetry.log
        connected = telemetry.metrics.gauge(MetricCatalogue.brokerConnected).with()
        blocked = telemetry.metrics.gauge(MetricCatalogue.brokerBlocked).with()
    }

    var isConnected: Bool { state.withLock { $0.isPublishingUp && $0.isConsumingUp } }
    var blockedReason: String? { state.withLock { $0.blockedReason } }

    /// Follows both connections until the task is cancelled.
    func run(publishing: Connection, consuming: Connection) async {
        connected.set(true)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                for await event in publishing.events { note(event, isPublishing: true) }
            }
            group.addTask { [self] in
                for await event in consuming.events { note(event, isPublishing: false) }
            }
        }
    }

    private func note(_ event: ConnectionEvent, isPublishing: Bool) {
        switch event {
        case .connected: setUp(true, isPublishing)
        case .disconnected(let error):
            setUp(false, isPublishing)
            // A new connection is told again if the broker still blocks.
            if isPublishing { setBlocked(nil) }
            log.warning("the broker is gone", .failure(error))
        case .blocked(let reason) where isPublishing:
            log.warning("the broker blocks publishing", ["reason": .string(reason)])
            setBlocked(reason)
        case .unblocked where isPublishing:
            log.info("the broker takes messages again")
            setBlocked(nil)
        case .channelClosed(let owner, let error):
            log.error("the broker closed a channel", LogFields.failure(error).merging(["owner": .string(owner)]))
        case .returned(let exchange, let routingKey, _, let reason):
            log.error(
                "no queue took a message",
                [
                    "exchange": .string(exchange), "routing_key": .string(routingKey), "reason": .string(reason),
                ])
        case .consumerFailed(let queue, let error, _):
            log.error("cannot consume", LogFields.failure(error).merging([LogFieldName.queue: .string(queue)]))
        case .consumerCancelled(let queue):
            log.error("the broker cancelled a consumer", [LogFieldName.queue: .string(queue)])
        case .publishRefused(let exchange, let routingKey, let error):
            log.error(
                "a message cannot be sent",
                LogFields.failure(error).merging([
                    "exchange": .string(exchange), "routing_key": .string(routingKey),
                ]))
        case .connectFailed(_, let error, _): log.debug("cannot connect", .failure(error))
        case .blocked, .unblocked, .recovered, .topologyFailed, .consumerUp, .oversizedRejected, .closed: break
        }
    }

    private func setUp(_ isUp: Bool, _ isPublishing: Bool) {
        let isConnected = state.withLock { state -> Bool in
            if isPublishing { state.isPublishingUp = isUp } else { state.isConsumingUp = isUp }
            return state.isPublishingUp && state.isConsumingUp
        }
        connected.set(isConnected)
    }

    private func setBlocked(_ reason: String?) {
        state.withLock { $0.blockedReason = reason }
        blocked.set(reason != nil)
        gate.set(.blocked, reason != nil)
    }
}
