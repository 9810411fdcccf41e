import AMQP
import Messaging
import Telemetry

/// A message that may run: its delivery, its outside, and what its body came to.
///
/// An object, as it is handed on several times and has two dozen references inside.
final class BatchMember: Sendable {
    let delivery: Delivery
    let envelope: Envelope
    let item: PreparedItem
    /// The fence row it locks, where its step belongs to a pair of do and undo.
    let fence: RunStore.Fence?
    /// Whether it may be the one that processes died of.
    let isSuspect: Bool

    init(_ delivery: Delivery, _ envelope: Envelope, _ item: PreparedItem) {
        self.delivery = delivery
        self.envelope = envelope
        self.item = item
        fence = RunStore.Fence(envelope, item.direction)
        isSuspect = CrashRule.isSuspect(
            isRedelivered: delivery.isRedelivered, deliveryCount: delivery.deliveryCount)
    }

    var body: [UInt8] { delivery.body }

    /// The whole message, for whoever passes it on.
    var message: WireMessage { WireMessage(delivery) }

    var planned: BatchItem {
        BatchItem(
            id: envelope.id, key: item.key, fence: fence.map { "\($0.key.saga)\u{0}\($0.key.step)" },
            suspicion: suspicion)
    }

    private var suspicion: BatchItem.Suspicion? {
        if isSuspect || delivery.isRedelivered { return .redelivered }
        return envelope.attempt > 1 ? .retried : nil
    }
}

extension RunStore.Fence {
    /// The fence of a step that goes this way; nil for what no fence guards.
    init?(_ envelope: Envelope, _ direction: StepReference.Direction?) {
        guard let direction, let saga = envelope.correlationID, let step = envelope.step?.step else { return nil }
        self.init(key: RunStore.FenceKey(saga: saga, step: step), expectation: FenceRule.expectation(of: direction))
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
            let outside = DeliveredOutside(delivery)
            switch admission.judge(outside, bodyByteCount: delivery.body.count, now: now) {
            case .refused(let admission, let explanation):
                refuse(delivery, admission, explanation)
                return nil
            case .admitted(let envelope):
                if queue.isPausable, surroundings.pauses.holds(envelope.type),
                    let level = queue.ladder.holdingLevel
                {
                    hold(WireMessage(delivery), level) { delivery.ack() }
                    return nil
                }
                return prepare(delivery, envelope)
            }
        }
    }

    private func prepare(_ delivery: Delivery, _ envelope: Envelope) -> BatchMember? {
        do {
            return BatchMember(delivery, envelope, try queue.handler.prepare(envelope, delivery.body))
        } catch {
            refuse(delivery, .undecodable, "\(error)")
            return nil
        }
    }

    private func refuse(_ delivery: Delivery, _ admission: Admission, _ explanation: String) {
        let message = WireMessage(delivery)
        guard case .deadLetter(let reason) = settlement.settlement(of: admission) else {
            preconditionFailure("\(admission) is no refusal")
        }
        let attempt = message.headers[HeaderName.attempt]?.wholeNumber.flatMap { Int(exactly: $0) } ?? 1
        bury(message, reason, attempt: attempt, explanation) { delivery.ack() }
    }

    private func hold(
        _ message: WireMessage, _ level: RetryLadder.Level, _ acknowledge: @escaping @Sendable () async -> Void
    ) {
        let exchange = TopologyNames.retryExchange(of: surroundings.service, level)
        passOn(message.forHolding(user: surroundings.user), to: exchange, acknowledge)
    }

    /// Does what the rule says with a member that was taken out of its run.
    func setApart(
        _ place: Int, twins: [Int], _ batch: Batch, _ outcome: HandlingOutcome, _ cause: (any Error)?
    ) {
        let member = batch.members[place]
        let error = cause.map(FailureRule.explanation) ?? "\(outcome)"
        let deliveries = [member.delivery] + twins.map { batch.members[$0].delivery }
        let isSuspect = batch.isSuspect(place, twins: twins)
        let acknowledge: @Sendable () async -> Void = { [self] in
            for delivery in deliveries { delivery.ack() }
            // Not before: until it is elsewhere it comes again, and whoever meets it has to know what it did.
            if isSuspect { await clear(member.envelope.id) }
        }
        switch settlement.settlement(of: outcome, attempt: member.envelope.attempt) {
        case .retry(let level): retry(member, level, error, acknowledge)
        case .deadLetter(let reason):
            bury(member.message, reason, attempt: member.envelope.attempt, error, acknowledge)
        case .hold(let level):
            log.warning(
                "a message waits for what somebody has locked, and lets others pass",
                LogFields(failing: member.message).merging([
                    "level": .string(level.name), LogFieldName.error: .string(error),
                ]))
            hold(member.message, level, acknowledge)
        case .settle, .pause: preconditionFailure("\(outcome) does not set a message apart")
        }
    }

    private func retry(
        _ member: BatchMember, _ level: RetryLadder.Level, _ error: String,
        _ acknowledge: @escaping @Sendable () async -> Void
    ) {
        metrics.retried(level.name)
        let message = member.message
        log.warning(
            "a message failed and is tried again",
            LogFields(failing: message).merging([
                LogFieldName.attempt: .integer(member.envelope.attempt), "level": .string(level.name),
                LogFieldName.error: .string(error),
            ]))
        let next = message.forRetry(
            failedAttempt: member.envelope.attempt, error: error, now: surroundings.now(), user: surroundings.user)
        passOn(next, to: TopologyNames.retryExchange(of: surroundings.service, level), acknowledge)
    }

    private func bury(
        _ message: WireMessage, _ reason: DeadReason, attempt: Int, _ error: String,
        _ acknowledge: @escaping @Sendable () async -> Void
    ) {
        tellDead(message, reason, attempt: attempt, error)
        let dead = message.forDeadQueue(
            reason: reason, attempt: attempt, error: error, now: surroundings.now(), user: surroundings.user)
        passOn(dead, to: TopologyNames.dead, acknowledge)
    }

    private func tellDead(_ message: WireMessage, _ reason: DeadReason, attempt: Int, _ error: String) {
        metrics.deadLettered(reason.rawValue)
        log.error(
            "a message is dead",
            LogFields(failing: message).merging([
                "reason": .string(reason.rawValue), LogFieldName.attempt: .integer(attempt),
                LogFieldName.error: .string(error),
            ]))
    }

    private func passOn(
        _ message: WireMessage, to exchange: String, _ acknowledge: @escaping @Sendable () async -> Void
    ) {
        background.start { [self] in
            await surroundings.dispatch.passOn(
                message, to: exchange, routingKey: queue.name, acknowledge: acknowledge,
                buries: { tellDead(message, .undecodable, attempt: 1, $0) })
        }
    }
}
