import SagaFile
import SagaModel
import Testing

@testable import Skald

@Suite struct AuditTests {
    // MARK: Rows

    /// One approved order, one rejected after its card was held and released.
    private var sound: AuditFacts {
        var facts = AuditFacts()
        facts.orders = ["a": .init(state: "APPROVED", total: 30), "r": .init(state: "REJECTED", total: nil)]
        facts.slots = ["a": "TAKEN", "r": "FREE"]
        facts.tickets = ["a": "ACCEPTED", "r": "CANCELLED"]
        facts.holds = [
            "a": .init(consumer: "ada", state: "AUTHORIZED", amount: 30),
            "r": .init(consumer: "ada", state: "REVERSED", amount: 0),
        ]
        facts.ledger = [
            .init(order: "a", debit: "consumer:ada", credit: "holding", amount: 30),
            .init(order: "r", debit: "consumer:ada", credit: "holding", amount: 7),
            .init(order: "r", debit: "holding", credit: "consumer:ada", amount: 7),
        ]
        facts.heldByConsumer = ["ada": 30]
        facts.sagas = ["a", "r"].map {
            .init(id: .none, name: "create-order", key: $0, isOver: true, isStuck: false, outcome: "x", order: $0)
        }
        facts.outboxCounts = ["order": 0]
        facts.answerCounts = ["order": 4]
        facts.queues = [
            "order.commands": .init(readyCount: 0, unackedCount: 0), "order.commands.dead": .init(readyCount: 0),
        ]
        return facts
    }

    @Test func aSoundSystemHasNoFindings() {
        #expect(AuditRules(facts: sound).findings.allSatisfy { $0.offenderCount == 0 })
        #expect(sound.isQuiet)
    }

    @Test func anOrderWhoseSagaIsForgottenIsNotLost() {
        var facts = sound
        facts.sagas.removeFirst()
        facts.forgottenCreations = ["a", "r"]
        #expect(AuditRules(facts: facts).findings.allSatisfy { $0.offenderCount == 0 })
    }

    /// Each damage, and the one invariant that must name it.
    private static let damages: [(broken: String, word: String, damage: @Sendable (inout AuditFacts) -> Void)] = [
        ("I1", "order a has 0 sagas", { $0.sagas.removeFirst() }),
        ("I2", "create-order r is still open", { $0.sagas[1].isOver = false }),
        (
            "I3", "order a: the ledger holds 60",
            { $0.ledger.append(.init(order: "a", debit: "consumer:ada", credit: "holding", amount: 30)) }
        ),
        ("I4", "order a is APPROVED at 31, held is 30", { $0.orders["a"]?.total = 31 }),
        ("I4", "account ada holds 29", { $0.heldByConsumer["ada"] = 29 }),
        ("I5", "order r is REJECTED and keeps its slot", { $0.slots["r"] = "TAKEN" }),
        ("I7", "order r is REJECTED, its ticket ACCEPTED", { $0.tickets["r"] = "ACCEPTED" }),
        ("I7", "the ticket of order a is CANCEL_PENDING", { $0.tickets["a"] = "CANCEL_PENDING" }),
        ("I9", "3 in the outbox of order", { $0.outboxCounts["order"] = 3 }),
        ("I10", "order: id-1 was answered", { $0.orphanedReplies["order"] = ["id-1"] }),
        ("I10", "order: id-2 was handled", { $0.unansweredCommands["order"] = ["id-2"] }),
        ("I13", "order.commands: 2 ready", { $0.queues["order.commands"]?.readyCount = 2 }),
        (
            "I13", "1 dead letters, 0 expected: order.commands.dead 1",
            { $0.queues["order.commands.dead"]?.readyCount = 1 }
        ),
    ]

    @Test(arguments: damages.indices)
    func eachDamageIsNamedByItsInvariant(_ index: Int) {
        let (broken, word, damage) = Self.damages[index]
        var facts = sound
        damage(&facts)
        let findings = AuditRules(facts: facts).findings.filter { $0.offenderCount > 0 }
        #expect(findings.map(\.id) == [broken])
        #expect(findings.first?.offenders.contains { $0.hasPrefix(word) } == true, "\(findings)")
    }

    @Test func deadLettersSentOnPurposeAreNoFinding() {
        var facts = sound
        facts.queues["order.commands.dead"]?.readyCount = 4
        var rules = AuditRules(facts: facts)
        rules.deadCountExpected = 4
        #expect(rules.findings.allSatisfy { $0.offenderCount == 0 })
    }

    // MARK: Histories

    private struct Recorded {
        let path: String
        let history: History
        let definition: CompiledDefinition
        var state: String {
            history.instance(with: definition).storedText(by: definition)
        }
    }

    private static func recorded() throws -> [Recorded] {
        let library = try SagaLibrary(folder: sagas)
        return try HistoryPaths.all([sagas + "/histories"]).map { path in
            let history = try HistoryFile.history(of: .read(path, byteCountMax: Limits.recorded.byteCountMax))
            let saga = try #require(library.saga(named: history.definition, version: history.version))
            return Recorded(path: path, history: history, definition: try CompiledDefinition(saga.definition))
        }
    }

    private func broken(_ recorded: Recorded, _ change: (inout History) -> Void, state: String? = nil) -> [String] {
        var history = recorded.history
        change(&history)
        var audit = HistoryAudit()
        audit.take(
            "saga", history, by: recorded.definition, version: Int64(recorded.history.entries.count),
            state: state ?? recorded.state)
        return audit.findings.filter { $0.offenderCount > 0 }.map(\.id)
    }

    @Test func everyRecordedHistoryIsSound() throws {
        for recorded in try Self.recorded() { #expect(broken(recorded) { _ in } == [], "\(recorded.path)") }
    }

    @Test func aHistoryThatLacksAnInputIsFound() throws {
        let approved = try #require(try Self.recorded().first { $0.path.hasSuffix("/approved.history.json") })
        #expect(broken(approved) { $0.entries.removeLast() } == ["I11", "I14"])
        #expect(broken(approved, { _ in }, state: "{}") == ["I14"])
    }

    @Test func aCommandThatWasNeverDecidedIsFound() throws {
        let approved = try #require(try Self.recorded().first { $0.path.hasSuffix("/approved.history.json") })
        #expect(broken(approved) { $0.entries[2].actions.removeAll() }.contains("I14"))
    }
}
