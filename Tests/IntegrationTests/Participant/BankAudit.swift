import AMQP
import BankSample
import Messaging
import Postgres
import Telemetry
import Testing

@testable import Participant

/// Holds the bank's ledger against what the saga's side was told: effect once, answer at least once, the same each time.
struct BankAudit {
    let bank: BankHarness
    let saga: SagaSide
    let load: BankLoad
    /// Dead letters that were taken out already.
    private let taken = Lock<[WireMessage]>([])

    init(bank: BankHarness, saga: SagaSide, load: BankLoad) {
        self.bank = bank
        self.saga = saga
        self.load = load
    }

    /// Waits until every good command has an answer and nothing waits to be published.
    func untilAnswered(within limit: Duration = .seconds(120)) async throws {
        let ids = load.good.map(\.id)
        try await eventually(within: limit) {
            let answers = saga.all
            return ids.allSatisfy { answers[$0] != nil }
        }
        try await eventually(within: limit) {
            try await count("SELECT count(*) FROM skald.outbox") == 0
        }
    }

    /// Waits until the poison is dead, no work queue and no wait queue holds anything, and every event was heard.
    func untilQueuesAreEmpty(within limit: Duration = .seconds(60)) async throws {
        let connection = try await Connection.connect(bank.brokerConfiguration(user: TopologyNames.tool))
        let dead = try await DeadQueue(bank)
        // Not so many: what was sent twice may be dead twice, before all of it is.
        try await eventually(within: limit) {
            let more = try await dead.takeAll()
            return load.poison.isSubset(
                of: ids(
                    of: taken.withLock {
                        $0 += more
                        return $0
                    }))
        }
        await dead.close()
        let queues = bank.topology.queues.map(\.name).filter { !$0.hasSuffix(".dead") }
        try await eventually(within: limit) {
            var waiting = 0
            for queue in queues { waiting += try await connection.status(ofQueue: queue).messageCount }
            return waiting == 0
        }
        await connection.close(gracePeriod: .seconds(5))
        // What a process holds is in no queue's count, and one that ends gives back what it has not begun.
        try await eventually(within: limit) { try await heardCount("message") >= depositedCount }
    }

    func check() async throws {
        try checkAnswers()
        try await checkLedger()
        try await checkEvents()
        try await checkTables()
        try await checkDeadLetters()
    }

    private func checkAnswers() throws {
        let answers = saga.all
        for command in load.good {
            let own = try #require(answers[command.id], "no answer to \(command.envelope.type) \(command.id)")
            #expect(Set(own).count == 1, "\(command.id) has different answers: \(own)")
        }
        for id in load.poison { #expect(answers[id] == nil) }
    }

    /// A row for each command that says it had an effect, and no other.
    private func checkLedger() async throws {
        var rows: [UUIDv7: Int64] = [:]
        for row in try await bank.pool.query(
            "SELECT message, count(*) FROM ledger WHERE account NOT LIKE 'heard-%' GROUP BY message")
        {
            let (id, count) = try row.decode(PostgresUUID.self, Int64.self)
            rows[UUIDv7(high: id.high, low: id.low)!] = count
        }
        let answers = saga.all
        let effective = load.good.filter { command in answers[command.id]?.first.map(Self.tellsOfEffect) ?? false }
        #expect(rows.count == effective.count)
        for command in effective { #expect(rows[command.id] == 1, "\(command.id) has \(rows[command.id] ?? 0) rows") }
        let wrong = try await count(
            """
            SELECT count(*) FROM account
            WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM ledger WHERE account = account.id)
            """)
        #expect(wrong == 0)
    }

    private static func tellsOfEffect(_ answer: SagaSide.Answer) -> Bool {
        switch answer.type {
        case Bank.Deposited.messageType.text, Bank.Reserved.messageType.text: true
        case Bank.Released.messageType.text: answer.body != "{}"
        default: false
        }
    }

    /// Every deposit is an event, and every event was heard once.
    private func checkEvents() async throws {
        let (heard, distinct) = (try await heardCount("message"), try await heardCount("DISTINCT message"))
        #expect(heard == depositedCount)
        #expect(distinct == depositedCount)
    }

    private var depositedCount: Int64 {
        Int64(saga.all.values.filter { $0.first?.type == Bank.Deposited.messageType.text }.count)
    }

    private func heardCount(_ what: SQL) async throws -> Int64 {
        try await count("SELECT count(\(sql: what)) FROM ledger WHERE account LIKE 'heard-%'")
    }

    private func checkTables() async throws {
        let handled = Int64(load.good.count)
        #expect(try await count("SELECT count(*) FROM skald.inbox WHERE type <> 'bank.moved'") == handled)
        #expect(try await count("SELECT count(*) FROM skald.inbox WHERE type = 'bank.moved'") == depositedCount)
        #expect(try await count("SELECT count(*) FROM skald.reply") == handled)
        #expect(try await count("SELECT count(*) FROM skald.outbox") == 0)
    }

    /// The dead are the poison, no more and no less; a crash in between may have left one twice.
    private func checkDeadLetters() async throws {
        let queue = try await DeadQueue(bank)
        let dead = taken.withLock { $0 } + (try await queue.takeAll())
        await queue.close()
        let found = ids(of: dead)
        #expect(load.poison.subtracting(found) == [], "poison that is not dead")
        #expect(found.subtracting(load.poison) == [], "dead that is no poison")
        for message in dead {
            #expect(message.headers["skald-dead-reason"] == "attempts-exhausted")
            #expect(message.headers["skald-attempt"] == .integer(Int64(bank.ladder.attemptCountMax)))
        }
    }

    private func ids(of messages: [WireMessage]) -> Set<UUIDv7> {
        Set(messages.compactMap { $0.properties.messageID.flatMap { UUIDv7($0) } })
    }

    private func count(_ sql: SQL) async throws -> Int64 {
        try await bank.pool.query(sql).only().decode(at: 0)
    }
}

extension DeadQueue {
    /// Takes what lies there.
    func takeAll() async throws -> [WireMessage] {
        let count = try await connection.status(ofQueue: queue).messageCount
        return count > 0 ? try await take(count) : []
    }
}
