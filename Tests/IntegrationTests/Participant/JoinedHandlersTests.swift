import Messaging
import Postgres
import Telemetry
import Testing

@testable import Participant

/// Handlers that read and write together with those of their batch.
@Suite struct JoinedHandlersTests {
    @Test func aBatchReadsAndWritesWithOneStatementEach() async throws {
        try await Tally.withParticipant { tally, saga in
            let commands = try (0..<40).map { try saga.command(tally.add(1, to: "a\($0)"), saga: "s\($0)") }
            try await saga.send(commands)
            try await tally.whileRunning {
                for command in commands {
                    let answer = try await saga.answer(to: command)
                    #expect(answer.body == #"{"total":1}"#)
                }
            }
            #expect(try await tally.total == 40)
            // The first comes alone, as a process begins with care; the others were waiting.
            #expect(tally.sizes.withLock { $0.read.max() ?? 0 } > 1)
            #expect(tally.sizes.withLock { $0.written.max() ?? 0 } > 1)
        }
    }

    @Test func aCommandSeesWhatThoseOfItsKeyBeforeItHaveWritten() async throws {
        try await Tally.withParticipant { tally, saga in
            let commands = try (0..<30).map { try saga.command(tally.add(1, to: "a\($0 % 3)"), saga: "s\($0)") }
            try await saga.send(commands)
            try await tally.whileRunning {
                for (number, command) in commands.enumerated() {
                    let answer = try await saga.answer(to: command)
                    #expect(answer.body == #"{"total":\#(number / 3 + 1)}"#)
                }
            }
            #expect(try await tally.total == 30)
        }
    }

    @Test func aQuerySeesWhatItsHandlerHasJustWritten() async throws {
        try await Tally.withParticipant { tally, saga in
            let commands = try (0..<20).map {
                try saga.command(tally.add(2, to: "a\($0)", trick: .looking), saga: "s\($0)")
            }
            try await saga.send(commands)
            try await tally.whileRunning {
                for command in commands {
                    let answer = try await saga.answer(to: command)
                    #expect(answer.body == #"{"total":2}"#)
                }
            }
        }
    }

    @Test func aHandlerThatWritesTwiceKeepsTheOrder() async throws {
        try await Tally.withParticipant { tally, saga in
            let commands = try (0..<20).map {
                try saga.command(tally.add(1, to: "a\($0)", trick: .twice), saga: "s\($0)")
            }
            try await saga.send(commands)
            try await tally.whileRunning {
                for command in commands { _ = try await saga.answer(to: command) }
            }
            // Set to 1, then to 2.
            let last: Int64 = try await tally.bank.pool.query("SELECT sum(total)::bigint FROM last").only().decode(
                at: 0)
            #expect(last == 40)
        }
    }

    /// What one command spoils for all, it is alone with in the end.
    @Test(arguments: [Tally.Trick.throwing, .spoilingTheReading, .spoilingTheWrite])
    func oneThatFailsCostsNobodyElse(trick: Tally.Trick) async throws {
        try await Tally.withParticipant { tally, saga in
            var commands = try (0..<20).map { try saga.command(tally.add(1, to: "a\($0)"), saga: "s\($0)") }
            let poison = try saga.command(tally.add(1, to: "poison", trick: trick), saga: "poison")
            commands.insert(poison, at: 10)
            try await saga.send(commands)
            try await tally.whileRunning {
                for command in commands where command.id != poison.id {
                    let answer = try await saga.answer(to: command)
                    #expect(answer.body == #"{"total":1}"#)
                }
                let queue = try await DeadQueue(tally.bank)
                let dead = try await queue.take(1)
                await queue.close()
                #expect(dead.first?.properties.messageID == poison.id.description)
            }
            #expect(try await tally.total == 20)
            #expect(saga.answers(to: poison.id).isEmpty)
        }
    }

    @Test func handlersOfDifferentKeysTakeTurnsInTheOrderOfTheirMessages() async throws {
        try await Tally.withParticipant { tally, saga in
            let commands = try (0..<30).map {
                try saga.command(tally.add(1, to: "a\($0)", trick: .sharing), saga: "s\($0)")
            }
            try await saga.send(commands)
            try await tally.whileRunning {
                for (number, command) in commands.enumerated() {
                    let answer = try await saga.answer(to: command)
                    #expect(answer.body == #"{"total":\#(number + 1)}"#)
                }
            }
        }
    }
}

/// Adds numbers up by name, each command with one reading and one write.
struct Tally: Sendable {
    enum Trick: String, Codable, Sendable {
        case looking, twice, throwing, sharing
        case spoilingTheReading, spoilingTheWrite
    }

    struct Add: MessagePayload {
        static let messageType: MessageType = "bank.Add"
        var name: String
        var amount: Int64
        var trick: Trick?
    }

    struct Added: MessagePayload {
        static let messageType: MessageType = "bank.Added"
        var total: Int64
    }

    /// A new total. One that is wrong is written all the same: no rule of the table would show it, and have it tried again alone.
    struct Total: JoinedWrite {
        var name: String
        var total: Int64
        /// What the statement divides by.
        var divisor: Int64
        let sizes: Lock<Sizes>

        static func statement(_ writes: [Total]) -> SQL {
            writes[0].sizes.withLock { $0.written.append(writes.count) }
            return """
                INSERT INTO tally (name, total) SELECT name, total / divisor
                FROM unnest(\(writes.map(\.name)), \(writes.map(\.total)), \(writes.map(\.divisor)))
                    AS new (name, total, divisor)
                """
        }
    }

    /// The last total, which one statement cannot write twice.
    struct Last: JoinedWrite {
        var name: String
        var total: Int64

        static func statement(_ writes: [Last]) -> SQL {
            """
            INSERT INTO last (name, total) SELECT * FROM unnest(\(writes.map(\.name)), \(writes.map(\.total)))
            ON CONFLICT (name) DO UPDATE SET total = excluded.total
            """
        }
    }

    /// How many commands each statement was for.
    struct Sizes {
        var read: [Int] = []
        var written: [Int] = []
    }

    let bank: BankHarness
    let sizes = Lock(Sizes())

    func add(_ amount: Int64, to name: String, trick: Trick? = nil) -> Add {
        Add(name: name, amount: amount, trick: trick)
    }

    static func withParticipant(_ body: (Tally, SagaSide) async throws -> Void) async throws {
        try await BankHarness.withBank { bank in
            let tables: [SQL] = [
                "CREATE TABLE tally (number bigint GENERATED ALWAYS AS IDENTITY, name text, total bigint NOT NULL)",
                "CREATE TABLE last (name text PRIMARY KEY, total bigint NOT NULL)",
            ]
            try await bank.pool.migrate("tally", [Migration(1, "tally", tables)])
            let saga = try await SagaSide(bank)
            try await body(Tally(bank: bank), saga)
            await saga.close()
        }
    }

    func whileRunning(_ body: () async throws -> Void) async throws {
        let participant = try Participant(
            bank.configuration, handlers: handlers,
            telemetry: ParticipantTelemetry(log: Logger(level: .debug, sink: bank.log), metrics: MetricRegistry()))
        try await bank.whileRunning(participant, body)
    }

    var total: Int64 {
        get async throws {
            try await bank.pool.query(
                """
                SELECT sum(total)::bigint
                FROM (SELECT DISTINCT ON (name) total FROM tally ORDER BY name, number DESC) AS latest
                """
            ).only().decode(at: 0)
        }
    }

    private var reading: Reading<Add, Int64> {
        Reading { [sizes] wanted in
            sizes.withLock { $0.read.append(wanted.count) }
            let divisors = wanted.map { Int64($0.command.trick == .spoilingTheReading ? 0 : 1) }
            return """
                SELECT wanted.number, coalesce(total, 0) / divisor
                FROM unnest(\(wanted.map(\.number)), \(wanted.map(\.command.name)), \(divisors))
                    AS wanted (number, name, divisor)
                LEFT JOIN LATERAL (
                    SELECT total FROM tally WHERE tally.name = wanted.name ORDER BY tally.number DESC LIMIT 1) AS latest
                    ON true
                """
        } found: { rows throws(PostgresError) in
            try rows.first?.decode(at: 1) ?? 0
        }
    }

    private var handlers: Handlers {
        var handlers = Handlers()
        handlers.on(Add.self, key: \.name, reading: reading) { command, before, transaction in
            let total = before + command.amount
            switch command.trick {
            case .throwing: throw Unwilling()
            case .sharing: return .success(Added(total: try await share(command, in: transaction)))
            default: break
            }
            let divisor: Int64 = command.trick == .spoilingTheWrite ? 0 : 1
            try transaction.enqueue(Total(name: command.name, total: total, divisor: divisor, sizes: sizes))
            if command.trick == .twice {
                try transaction.enqueue(Last(name: command.name, total: total))
                try transaction.enqueue(Last(name: command.name, total: total + 1))
            }
            guard command.trick == .looking else { return .success(Added(total: total)) }
            let seen = try await transaction.query("SELECT total FROM tally WHERE name = \(command.name)").only()
            return .success(Added(total: try seen.decode(at: 0)))
        }
        return handlers
    }

    /// Adds to one total for all names.
    private func share(_ command: Add, in transaction: HandlerTransaction) async throws -> Int64 {
        try await transaction.turn(at: "shared")
        let shared = Add(name: "shared", amount: command.amount)
        let total = try await reading.read(for: shared, in: transaction) + command.amount
        try transaction.enqueue(Total(name: "shared", total: total, divisor: 1, sizes: sizes))
        return total
    }
}

private struct Unwilling: Error {}
