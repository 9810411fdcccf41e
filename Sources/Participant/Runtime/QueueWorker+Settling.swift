import AMQP
import Messaging
import Telemetry

/// A message that may run: its delivery, its outside, and what its body came to.
///
/// An object, as it is handed on several times and has two dozen references inside.
final class BatchMember: Sendable {
    let delivery: Delivery
    let message: WireMessage
    let envelope: Envelope
    let item: PreparedItem
    /// Whether it may be the one that processes died of.
    let isSuspect: Bool

    init(_ delivery: Delivery, _ message: WireMessage, _ envelope: Envelope, _ item: PreparedItem) {
        self.delivery = delivery
        self.message = message
        self.envelope = envelope
        self.item = item
        isSuspect = CrashRule.isSuspect(
            isRedelivered: delivery.isRedelivered, deliveryCount: message.deliveryCount)
    }

    var fence: RunStore.Fence? {
        guard let direction = item.direction, let saga = envelope.correlationID, let step = envelope.step?.step else {
            return nil
        }
        return RunStore.Fence(
            key: RunStore.FenceKey(saga: saga, step: step), expectation: FenceRule.expectation(of: direction))
    }

    var planned: BatchItem {
        BatchItem(
            id: envelope.id, key: item.key, fence: fence.map { "\($0.key.saga)\u{0}\($0.key.step)" },
            isSuspicious: isSuspect || delivery.isRedelivered || envelope.attempt > 1)
    }
}

/// The members of one batch, by their places.
struct Batch: Sendable {
    let members: [BatchMember]

    init(_ members: [BatchMember]) { self.members = members }

    func acknowledge(_ member: Int, twins: [Int]) {
        members[member].delivery.ack()
        for twin in twins { members[twin].delivery.ack() }
    }
}

extension QueueWorker {
    /// Lets through what may run; what may not goes to the dead queue, or waits while its type is paused.
    func admit(_ deliveries: [Delivery]) -> [BatchMember] {
        let now = surroundings.now()
        return deliveries.compactMap { delivery in
            let message = WireMessage(delivery)
            switch admission.judge(message, now: now) {
            case .refused(let admission, let explanation):
                refuse(delivery, message, admission, explanation)
                return nil
            case .admitted(let envelope):
                if queue.isPausable, surroundings.pauses.holds(envelope.type), let level = holdingLevel {
                    hold(delivery, message, level)
                    return nil
                }
                return prepare(delivery, message, envelope)
            }
        }
    }

    private func prepare(_ delivery: Delivery, _ message: WireMessage, _ envelope: Envelope) -> BatchMember? {
        do {
            let item = try queue.handler.prepare(envelope, message.body)
            return BatchMember(delivery, message, envelope, item)
        } catch {
            refuse(delivery, message, .undecodable, "\(error)")
            return nil
        }
    }

    private func refuse(
        _ delivery: Delivery, _ message: WireMessage, _ admission: Admission, _ explanation: String
    ) {
        guard case .deadLetter(let reason) = settlement.settlement(of: admission) else {
            preconditionFailure("\(admission) is no refusal")
        }
        let attempt = message.headers[HeaderName.attempt]?.wholeNumber.flatMap { Int(exactly: $0) } ?? 1
        bury(message, reason, attempt: attempt, explanation) { delivery.ack() }
    }

    /// The level at which messages of a paused type wait: the longest of at most half a minute.
    private var holdingLevel: RetryLadder.Level? {
        queue.ladder.levels.last { $0.delay <= .seconds(30) } ?? queue.ladder.levels.first
    }

    private func hold(_ delivery: Delivery, _ message: WireMessage, _ level: RetryLadder.Level) {
        let exchange = TopologyNames.retryExchange(of: surroundings.service, level)
        let held = message.forHolding(user: surroundings.user)
        passOn(held, to: exchange) { delivery.ack() }
    }

    /// Does what the rule says with a member that was taken out of its run.
    func setApart(
        _ place: Int, twins: [Int], _ batch: Batch, _ outcome: HandlingOutcome, _ cause: (any Error)?
    ) {
        let member = batch.members[place]
        let error = cause.map(FailureRule.explanation) ?? "\(outcome)"
        let deliveries = [member.delivery] + twins.map { batch.members[$0].delivery }
        let acknowledge: @Sendable () -> Void = { for delivery in deliveries { delivery.ack() } }
        switch settlement.settlement(of: outcome, attempt: member.envelope.attempt) {
        case .retry(let level): retry(member, level, error, acknowledge)
        case .deadLetter(let reason):
            bury(member.message, reason, attempt: member.envelope.attempt, error, acknowledge)
        case .settle, .pause: preconditionFailure("\(outcome) does not set a message apart")
        }
    }

    private func retry(
        _ member: BatchMember, _ level: RetryLadder.Level, _ error: String,
        _ acknowledge: @escaping @Sendable () -> Void
    ) {
        metrics.retried(level.name)
        log.warning(
            "a message failed and is tried again",
            fields(member.message).merging([
                LogFieldName.attempt: .integer(member.envelope.attempt), "level": .string(level.name),
                LogFieldName.error: .string(error),
            ]))
        let message = member.message.forRetry(
            failedAttempt: member.envelope.attempt, error: error, now: surroundings.now(), user: surroundings.user)
        passOn(message, to: TopologyNames.retryExchange(of: surroundings.service, level), acknowledge)
    }

    private func bury(
        _ message: WireMessage, _ reason: DeadReason, attempt: Int, _ error: String,
        _ acknowledge: @escaping @Sendable () -> Void
    ) {
        metrics.deadLettered(reason.rawValue)
        log.error(
            "a message is dead",
            fields(message).merging([
                "reason": .string(reason.rawValue), LogFieldName.attempt: .integer(attempt),
                LogFieldName.error: .string(error),
            ]))
        let dead = message.forDeadQueue(
            reason: reason, attempt: attempt, error: error, now: surroundings.now(), user: surroundings.user)
        passOn(dead, to: TopologyNames.dead, acknowledge)
    }

    private func passOn(_ message: WireMessage, to exchange: String, _ acknowledge: @escaping @Sendable () -> Void) {
        background.start { [dispatch = surroundings.dispatch, queue] in
            await dispatch.passOn(message, to: exchange, routingKey: queue.name, acknowledge: acknowledge)
        }
    }

    private func fields(_ message: WireMessage) -> LogFields {
        [
            LogFieldName.messageID: .string(message.properties.messageID ?? ""),
            LogFieldName.correlationID: .string(message.properties.correlationID ?? ""),
            "type": .string(message.properties.type ?? ""),
        ]
    }
}
