import AMQP
import Messaging
import Participant

/// A redrive or a drop from its arguments to its record.
struct LetterAction {
    private let purpose: LetterRemoval.Purpose
    private let session: DeadLetterSession
    private let removal: LetterRemoval
    private let reason: String
    private let who: String
    private let keeper: String
    private let isJSON: Bool

    init(_ purpose: LetterRemoval.Purpose, _ arguments: Arguments) throws {
        self.purpose = purpose
        session = try DeadLetterSession(arguments)
        let isDryRun = arguments.has("dry-run")
        guard isDryRun || arguments.value("reason") != nil else {
            throw Failure(
                .usage, "`skald dlq \(purpose.rawValue)` asks for a reason",
                remedy: "--reason TEXT; it is written down with who did it. --dry-run needs none.")
        }
        reason = arguments.value("reason") ?? ""
        who = arguments.value("who") ?? variable("USER") ?? "unknown"
        keeper = arguments.value("record-with") ?? TopologyNames.orchestrator
        isJSON = arguments.has("json")
        removal = LetterRemoval(
            purpose: purpose, filter: session.filter, edits: try arguments.values(of: "set").map { try LetterEdit($0) },
            countMax: try arguments.count("limit") ?? .max, rate: try arguments.count("rate"), isDryRun: isDryRun,
            user: session.user, now: UTC.now())
    }

    func run(_ console: Console) async throws -> ExitCode {
        let count = try await session.connected { connection in
            let publisher = try await connection.makePublisher()
            if removal.isDryRun { return try await remove(connection, publisher, console) }
            return try await recorded(publisher) { try await remove(connection, publisher, console) }
        }
        let verb = purpose == .redrive ? "sent back" : "dropped"
        if isJSON {
            let result: JSONValue = [
                "matched": .integer(Int64(count.matched)), "removed": .integer(Int64(count.removed)),
                "dryRun": .boolean(removal.isDryRun),
            ]
            try console.print(result.line)
        } else if removal.isDryRun {
            console.say("\(count.matched) would be \(verb)")
        } else {
            console.say("\(count.removed) \(verb)")
        }
        return .success
    }

    private func remove(
        _ connection: Connection, _ publisher: Publisher, _ console: Console
    ) async throws -> LetterRemoval.Count {
        var count = LetterRemoval.Count()
        for queue in session.queues {
            let reader = try await DeadQueueReader(queue, on: connection)
            do {
                try await removal.run(reader, publisher, &count) { letter in
                    guard removal.isDryRun || !isJSON else { return }
                    try console.print(isJSON ? letter.value.line : "\(letter.id) \(letter.type) \(letter.queue)")
                }
            } catch {
                await reader.close()
                throw error
            }
            await reader.close()
        }
        return count
    }

    /// Writes down what is about to be done, does it, and writes down what came of it.
    private func recorded(
        _ publisher: Publisher, _ body: () async throws -> LetterRemoval.Count
    ) async throws -> LetterRemoval.Count {
        let ids = UUIDv7Source(now: { UTC.now() })
        let record = OperatorRecord(publisher: publisher, service: keeper, user: session.user, ids: ids) { UTC.now() }
        var action = RecordOperatorAction(
            action: ids.next(), name: "dlq \(purpose.rawValue)",
            target: "\(session.queues.joined(separator: " ")): \(session.filter.words)", who: who, reason: reason)
        try await record.write(action)
        do {
            let count = try await body()
            action.result = "\(count.removed) of \(count.matched)"
            try await record.write(action)
            return count
        } catch {
            action.result = "ended early: \(error)"
            try await record.write(action)
            throw error
        }
    }
}
