import AMQP
import Messaging
import Telemetry

/// Publishes what a process has to say, and does what depends on the confirms.
///
/// Nothing here decides: the machine of the run, or the settlement of a message, has. Publishing goes on beside the next
/// batch; what is not confirmed yet is bounded by the ledger.
final class Dispatch: Sendable {
    private let publisher: Publisher
    let ledger: OutboxLedger
    private let log: Logger
    /// The pause before something that must be published is tried again.
    private static let repeatPause = Duration.milliseconds(500)

    init(_ publisher: Publisher, ledger: OutboxLedger, log: Logger) {
        self.publisher = publisher
        self.ledger = ledger
        self.log = log
    }

    /// What a committed run leaves to do.
    struct Settling: Sendable {
        var machine: DeliveryMachine
        /// The rows written, in the order of the machine's numbers.
        var rows: [OutgoingMessage]
        /// Stored replies to send again, by place.
        var resends: [Int: OutgoingMessage]
        /// Acknowledges a member and its twins.
        var acknowledge: @Sendable (Int) -> Void
    }

    /// Publishes the rows of a run and the replies of its duplicates, until all are confirmed or left to the sweep.
    func settle(_ settling: Settling) async {
        var settling = settling
        await publishRows(&settling)
        while !settling.resends.isEmpty, !Task.isCancelled {
            await resend(&settling)
            if settling.resends.isEmpty { break }
            do { try await Task.sleep(for: Self.repeatPause) } catch { return }
        }
        let end = settling.machine.finishIfDone()
        assert(end == .finish || Task.isCancelled, "a run ended with something left to do")
    }

    private func publishRows(_ settling: inout Settling) async {
        if settling.rows.isEmpty { return }
        let outcomes = await publish(settling.rows)
        var confirmed: [UUIDv7] = []
        var inDoubt: [UUIDv7] = []
        for (row, outcome) in outcomes.enumerated() {
            switch settling.machine.published(row: row, isConfirmed: outcome.isConfirmed) {
            case .forget(let row): confirmed.append(settling.rows[row].id)
            case .leaveToSweep(let row): inDoubt.append(settling.rows[row].id)
            default: preconditionFailure("a published row is forgotten or left to the sweep")
            }
        }
        CrashPoint.confirmed.reach()
        ledger.confirmed(confirmed)
        ledger.doubt(inDoubt)
    }

    /// Publishes rows of the outbox that no run has to account for.
    func publishRows(_ rows: [OutgoingMessage]) async {
        var confirmed: [UUIDv7] = []
        var inDoubt: [UUIDv7] = []
        for (row, outcome) in zip(rows, await publish(rows)) {
            if outcome.isConfirmed { confirmed.append(row.id) } else { inDoubt.append(row.id) }
        }
        ledger.confirmed(confirmed)
        ledger.doubt(inDoubt)
    }

    private func resend(_ settling: inout Settling) async {
        let places = settling.resends.keys.sorted()
        let outcomes = await publish(places.compactMap { settling.resends[$0] })
        for (place, outcome) in zip(places, outcomes) {
            guard case .acknowledge = settling.machine.resent(place, isConfirmed: outcome.isConfirmed) else { continue }
            settling.acknowledge(place)
            settling.resends[place] = nil
        }
    }

    /// Publishes messages in order and tells of each whether the broker has it.
    func publish(_ messages: [OutgoingMessage]) async -> [PublishOutcome] {
        ledger.began(messages.count)
        defer { ledger.ended(messages.count) }
        CrashPoint.publishing.reach()
        let outcomes = await publisher.publish(contentsOf: messages.map(\.publication))
        CrashPoint.published.reach()
        for (message, outcome) in zip(messages, outcomes) {
            if let error = outcome.error { note(message, error) }
        }
        return outcomes
    }

    /// Publishes a message elsewhere until that is confirmed, then acknowledges it where it came from.
    ///
    /// One that cannot be published at all, as it grew when it was read, is buried without what makes it so.
    ///
    /// - Parameter buries: called with the reason where it is buried although it was to go elsewhere.
    func passOn(
        _ message: WireMessage, to exchange: String, routingKey: String, acknowledge: @Sendable () async -> Void,
        buries: @Sendable (String) -> Void
    ) async {
        ledger.began(1)
        defer { ledger.ended(1) }
        var publication = Publication(message.amqp, to: exchange, routingKey: routingKey)
        var isWhole = true
        while true {
            let outcome = await publisher.outcome(of: publication)
            if outcome.isConfirmed { break }
            if let error = outcome.error { noteRefused(publication.exchange, routingKey, error) }
            if isWhole, case .notSent(let error) = outcome, error.code == .invalidArgument {
                isWhole = false
                if exchange != TopologyNames.dead { buries(error.message) }
                let remnant = message.remnant(because: error.message)
                publication = Publication(remnant.amqp, to: TopologyNames.dead, routingKey: routingKey)
                continue
            }
            do { try await Task.sleep(for: Self.repeatPause) } catch { return }
        }
        await acknowledge()
    }

    private func noteRefused(_ exchange: String, _ routingKey: String, _ error: AMQPError) {
        log.warning(
            "cannot pass a message on, trying again",
            .failure(error, ["exchange": .string(exchange), "routing_key": .string(routingKey)]))
    }

    private func note(_ message: OutgoingMessage, _ error: AMQPError) {
        log.warning(
            "a message is not confirmed",
            .failure(
                error,
                [
                    LogFieldName.messageID: .string(message.id.description), "exchange": .string(message.exchange),
                    "routing_key": .string(message.routingKey),
                ]))
    }
}
