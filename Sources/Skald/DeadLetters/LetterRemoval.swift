import AMQP
import Messaging
import Participant

/// Takes letters out of their queues: back to where they came from, or away for good.
struct LetterRemoval {
    enum Purpose: String {
        case redrive, drop
    }

    struct Count: Sendable {
        var matched = 0
        var removed = 0
        var failed = 0
    }

    let purpose: Purpose
    let filter: DeadLetterFilter
    let edits: [LetterEdit]
    let countMax: Int
    /// Messages a second; nil is as fast as it goes.
    let rate: Int?
    let isDryRun: Bool
    /// The tool's user at the broker.
    let user: String
    let now: Int64

    /// Goes through a queue.
    ///
    /// - Parameter tell: called for each letter that matches, as it is sent.
    func run(
        _ reader: DeadQueueReader, _ publisher: Publisher, _ count: inout Count, tell: (DeadLetter) throws -> Void
    ) async throws {
        var pace = Pace(rate)
        while count.matched < countMax, let (letter, delivery) = try await reader.next() {
            guard filter.matches(letter, now: now) else { continue }
            count.matched += 1
            let edited = try edits.reduce(letter) { try $1.apply(to: $0) }
            try tell(edited)
            if isDryRun { continue }
            try await pace.wait()
            if purpose == .redrive, let error = await send(edited, publisher) {
                count.failed += 1
                // What failed once fails for the next as well, and nothing is lost by stopping here.
                throw Failure(
                    .failed, "\(letter.id) was not taken by \(letter.queue): \(error)",
                    remedy: "It stays in the dead queue with all that follow.")
            }
            delivery.ack()
            reader.removed()
            count.removed += 1
        }
    }

    /// - Returns: why the broker has not taken it; nil once it has.
    private func send(_ letter: DeadLetter, _ publisher: Publisher) async -> AMQPError? {
        let owner = String(letter.queue.prefix { $0 != "." })
        let message = letter.message.forRedrive(owner: owner, user: user)
        return await publisher.outcome(of: Publication(message.amqp, routingKey: letter.queue)).error
    }
}

/// Keeps a rate: each thing has its moment, and waits for it.
private struct Pace {
    private let interval: Duration?
    private var next = ContinuousClock.now

    init(_ rate: Int?) { interval = rate.map { .seconds(1) / $0 } }

    mutating func wait() async throws {
        guard let interval else { return }
        let now = ContinuousClock.now
        if next > now { try await Task.sleep(until: next) }
        next = max(next, now) + interval
    }
}
