import Messaging
import Postgres
import SagaFile
import SagaModel
import Telemetry
import Testing

@testable import Orchestration

/// Two orchestrators on one database: each remembers what it wrote itself, and the row decides whether that still counts.
@Suite(.timeLimit(.minutes(2))) struct AlternationTests {
    @Test func whoWroteLastNeedNotReadAndNobodyDecidesOnWhatIsOld() async throws {
        try await withDesks { first, second in
            try await first.start()
            #expect(try await first.answer("ConsumerVerified") == .remembered)
            // The other one has never seen it; then the first remembers what is two versions old.
            #expect(try await second.answer("TicketCreated", ["ticketId": "t1", "total": 1900]) == .read)
            #expect(try await first.answer("CardAuthorized", ["authorizationId": "a1"]) == .read)
            #expect(try await first.answer("TicketConfirmed") == .remembered)
            #expect(try await second.answer("OrderApproved") == .read)
            #expect(second.sagas.memory.withLock { $0.stamps(of: [second.saga]) }.isEmpty, "it is over")
            try await first.expectStored(version: 6, isOver: true)
        }
    }

    @Test func whatIsRolledBackIsForgotten() async throws {
        try await withDesks { first, second in
            try await first.start()
            await #expect(throws: GivenUp.self) { try await first.answer("ConsumerVerified", isGivenUp: true) }
            #expect(first.sagas.memory.withLock { $0.stamps(of: [first.saga]) }.isEmpty)
            // The same version is written by the other one, with something else in it.
            #expect(try await second.answer("ConsumerUnknown") == .read)
            #expect(try await first.answer("OrderRejected") == .read)
            try await first.expectStored(version: 3, isOver: true)
        }
    }

    @Test func whoWaitedForTheOtherReadsWhatTheOtherWrote() async throws {
        try await withDesks { first, second in
            try await first.start()
            try await second.answer("ConsumerVerified")
            let ticket: Record = ["ticketId": "t1", "total": 1900]
            var waiting: Task<Desk.Reading, any Error>?
            // Both get the same reply, in two messages.
            try await first.answer("TicketCreated", ticket) {
                waiting = Task { try await second.answer("TicketCreated", ticket) }
                try await waitUntil("the second waits for the row") { try await first.isAnybodyWaiting() }
            }
            #expect(try await waiting?.value == .read, "what it wrote itself was true until the first committed")
            try await first.expectStored(version: 4, isOver: false)
            #expect(try await first.lastActions() == [.ignore(.notAwaited)])
        }
    }

    @Test func whatIsForgottenBetweenTheLookAndTheLockIsRead() async throws {
        try await withDesks { first, _ in
            try await first.start()
            let reading = try await first.answer("ConsumerVerified", isForgotten: true)
            #expect(reading == .remembered, "it was said to be known")
            try await first.expectStored(version: 2, isOver: false)
        }
    }

    @Test func whatIsRememberedIsWrittenWithoutALook() async throws {
        try await withDesks { first, second in
            try await first.start()
            #expect(try await first.assume("ConsumerVerified"))
            #expect(try await first.assume("TicketCreated", ["ticketId": "t1", "total": 1900]))
            try await first.expectStored(version: 3, isOver: false)
            let isAssumed = try await second.assume("CardAuthorized", ["authorizationId": "a1"])
            #expect(!isAssumed, "it has seen nothing")
        }
    }

    @Test func whoAssumesWhatIsOldWritesNothing() async throws {
        try await withDesks { first, second in
            try await first.start()
            try await second.answer("ConsumerVerified")
            let before = try await first.everything()
            await #expect(throws: PostgresError.self) {
                try await first.assume("TicketCreated", ["ticketId": "t1", "total": 1900])
            }
            #expect(try await first.everything() == before)
            #expect(first.sagas.memory.withLock { $0.stamps(of: [first.saga]) }.isEmpty, "and it reads the next time")
            #expect(try await first.answer("TicketCreated", ["ticketId": "t1", "total": 1900]) == .read)
        }
    }

    /// The same version, written anew by somebody else, as after a restore from a backup.
    @Test(arguments: [(milliseconds: Int64(1), versions: Int64(0)), (milliseconds: 0, versions: -1)])
    func whoeverChangedTheRowIsNoticed(milliseconds: Int64, versions: Int64) async throws {
        try await withDesks { first, _ in
            try await first.start()
            try await first.answer("ConsumerVerified")
            try await first.changeRow(milliseconds: milliseconds, versions: versions)
            let before = try await first.everything()
            await #expect(throws: PostgresError.self) {
                try await first.assume("TicketCreated", ["ticketId": "t1", "total": 1900])
            }
            #expect(try await first.everything() == before)
        }
    }

    @Test func whoeverIsWritingTheRowIsWaitedForAndNoticed() async throws {
        try await withDesks { first, second in
            try await first.start()
            try await second.answer("ConsumerVerified")
            #expect(second.isRemembered)
            let ticket: Record = ["ticketId": "t1", "total": 1900]
            var waiting: Task<Bool, any Error>?
            try await first.answer("TicketCreated", ticket) {
                waiting = Task { try await second.assume("TicketCreated", ticket) }
                try await waitUntil("the second waits for the row") { try await first.isAnybodyWaiting() }
            }
            await #expect(throws: PostgresError.self) { try await waiting?.value }
            try await first.expectStored(version: 3, isOver: false)
        }
    }

    /// What messages may hold, and what is stored of several of them.
    enum Excess: CaseIterable {
        case depth, length

        var note: Value {
            switch self {
            case .depth: Desk.nested(depth: 61)
            case .length: .string(String(repeating: "crisp ", count: 200_000))
            }
        }
    }

    @Test(arguments: Excess.allCases)
    func whatOneWritesIsReadHoweverDeepAndLong(excess: Excess) async throws {
        try await withDesks { first, second in
            try await first.start(noting: excess.note)
            #expect(try await second.answer("ConsumerVerified") == .read)
            try await first.expectStored(version: 2, isOver: false)
            try await first.expectExported()
        }
    }

    @Test func aLookAtTimersForgetsNothing() async throws {
        try await withDesks { first, _ in
            try await first.start()
            try await first.fire(due: 0)
            #expect(first.isRemembered, "no timer was due")
            #expect(try await first.assume("ConsumerVerified"))
            try await first.fire(due: .max / 2000)
            #expect(first.isRemembered)
            try await first.expectStored(version: 4, isOver: false)
            #expect(try await first.answer("TicketCreated", ["ticketId": "t1", "total": 1900]) == .remembered)
        }
    }

    @Test func aKeyThatIsTakenIsNoticed() async throws {
        try await withDesks { first, second in
            try await first.start(knowing: .keysAreFree)
            let before = try await first.everything()
            await #expect(throws: PostgresError.self) { try await second.start(knowing: .keysAreFree) }
            #expect(try await first.everything() == before)
            try await first.expectStored(version: 1, isOver: false)
        }
    }

    private func withDesks(_ body: (Desk, Desk) async throws -> Void) async throws {
        try await EmptyDatabase.withPool { pool in
            try await pool.migrate(OrchestrationSchema.set, OrchestrationSchema.migrations)
            let shelf = try DefinitionShelf(try SagaLibrary(folder: Town.root + "/sagas"))
            try await shelf.register(in: pool)
            try await body(Desk(pool, shelf), Desk(pool, shelf))
        }
    }
}

/// One orchestrator's hold on the one saga there is.
private struct Desk {
    enum Reading { case remembered, read }

    let sagas: SagaTransaction
    let saga = Identifier.saga(definition: "create-order", key: "o1", milliseconds: 1)
    private let shelf: DefinitionShelf
    private let pool: PostgresPool

    init(_ pool: PostgresPool, _ shelf: DefinitionShelf) {
        self.pool = pool
        self.shelf = shelf
        sagas = SagaTransaction(
            shelf: shelf, commands: CommandMaker(user: "orchestrator"), now: { Logger.wallClockMilliseconds() })
    }

    /// Records in one another; in a line of an order, 61 are as deep as a message may be.
    static func nested(depth: Int) -> Value {
        (0..<depth).reduce(1) { inner, _ in ["in": inner] }
    }

    /// - Parameter note: stands in the order's line, which nobody declares.
    func start(knowing known: SagaTransaction.Knowledge = .nothing, noting note: Value = .null) async throws {
        let definition = try #require(shelf.definitions(startingOn: "order.created").first)
        let payload: Record = [
            "orderId": "o1", "consumerId": "ada", "restaurantId": "roma",
            "lines": .list([["menuItemId": "pizza", "quantity": 1, "note": note]]),
        ]
        let start = SagaStart(definition: definition, key: #""o1""#, id: saga)
        let input = SagaInput(.starting(start), .started(StartEvent(saga: saga, payload: payload)))
        let result = try await pool.withTransaction(retry: .never) { transaction in
            try await sagas.take([input], knowing: known, in: transaction)
        }
        remember(result)
    }

    var isRemembered: Bool { !sagas.memory.withLock { $0.stamps(of: [saga]) }.isEmpty }

    /// Takes the answer to the command that is out as if the row were what is remembered.
    ///
    /// - Returns: false if nothing is remembered.
    @discardableResult
    func assume(_ name: String, _ payload: Record = Record()) async throws -> Bool {
        let reply = try await reply(name, payload)
        guard let remembered = sagas.memory.withLock({ $0.takeAll([saga]) }) else { return false }
        let result = try await pool.withTransaction(retry: .never) { transaction in
            try await sagas.take(
                [SagaInput(.existing(saga), .replied(reply))], knowing: .remembered(remembered), in: transaction)
        }
        remember(result)
        return true
    }

    func changeRow(milliseconds: Int64, versions: Int64) async throws {
        try await pool.query(
            """
            UPDATE saga_instance
            SET version = version + \(versions), changed_at = changed_at + \(milliseconds) * interval '1 ms'
            """)
    }

    /// All rows of sagas and histories, in words.
    func everything() async throws -> [String] {
        let rows = try await pool.query(
            """
            SELECT saga_instance::text FROM saga_instance UNION ALL SELECT saga_history::text FROM saga_history
            UNION ALL SELECT saga_key::text FROM saga_key ORDER BY 1
            """)
        return try rows.map { try $0.decode(String.self, at: 0) }
    }

    /// Takes the answer to the command that is out, as it comes by message.
    ///
    /// - Parameters:
    ///   - isGivenUp: whether the transaction fails in the end.
    ///   - isForgotten: whether the saga is forgotten between the look at what is known and the lock.
    ///   - beforeCommit: what happens while the saga is locked.
    /// - Returns: whether the row was said to be known.
    @discardableResult
    func answer(
        _ name: String, _ payload: Record = Record(), isGivenUp: Bool = false, isForgotten: Bool = false,
        beforeCommit: () async throws -> Void = {}
    ) async throws -> Reading {
        let reply = try await reply(name, payload)
        let stamps = sagas.memory.withLock { $0.stamps(of: [saga]) }
        if isForgotten, let stamp = stamps[saga] { _ = sagas.memory.withLock { $0.take(saga, stamp) } }
        let lock = InstanceStore.lock([saga], known: stamps)
        let (result, reading) = try await pool.withTransaction(retry: .never) { transaction in
            let rows = try await transaction.query(lock)
            let result = try await sagas.take(
                [SagaInput(.existing(saga), .replied(reply))], knowing: .rows(rows), in: transaction)
            #expect(result.failures.isEmpty)
            try await beforeCommit()
            if isGivenUp { throw GivenUp() }
            return (result, try InstanceStore.stored(rows.only()) == nil ? Reading.remembered : .read)
        }
        remember(result)
        return reading
    }

    private func reply(_ name: String, _ payload: Record) async throws -> SagaModel.Reply {
        let asked = try await command()
        return SagaModel.Reply(
            causation: asked.request, sender: asked.participant, name: name, turn: asked.turn, payload: payload)
    }

    private func remember(_ result: SagaTransaction.Result) { sagas.remember(result.written) }

    /// Looks at the timers and fires those that are due by then.
    func fire(due: Int64) async throws {
        let all = InstanceStore.lock(wakingBy: .infinity, countMax: 64)
        let result = try await pool.withTransaction(retry: .never) { transaction in
            try await sagas.fire(transaction.query(all), due: due, in: transaction)
        }
        remember(result)
    }

    /// The command that was sent last.
    private func command() async throws -> Command {
        let actions = try await SagaStore(pool).records(of: saga).flatMap(\.entry.actions)
        let commands = actions.compactMap { action -> Command? in
            guard case .send(let command) = action else { return nil }
            return command
        }
        return try #require(commands.last)
    }

    func isAnybodyWaiting() async throws -> Bool {
        let waiting: SQL = """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
            """
        return try await pool.query(waiting).only().decode(Int64.self, at: 0) > 0
    }

    func lastActions() async throws -> [Action]? {
        try await SagaStore(pool).records(of: saga).last?.entry.actions
    }

    /// The file of its history is read back, and so are all histories.
    func expectExported() async throws {
        let store = SagaStore(pool)
        let history = try #require(try await store.history(of: saga))
        #expect(try HistoryFile.history(of: SourceFile(path: "o1", text: history.text)) == history)
        try await store.forEachHistory { _, stored in #expect(stored == history) }
    }

    /// What is stored is what the history says.
    func expectStored(version: Int, isOver: Bool) async throws {
        let store = SagaStore(pool)
        let entries = try await store.records(of: saga).map(\.entry)
        #expect(entries.count == version)
        let history = History(definition: "create-order", version: 1, entries: entries)
        let (definition, instance) = try #require(try await store.instance(saga))
        #expect(history.replay(with: definition.compiled) == nil)
        #expect(history.instance(with: definition.compiled) == instance)
        #expect(instance.isOver == isOver)
    }
}

private struct GivenUp: Error {}
