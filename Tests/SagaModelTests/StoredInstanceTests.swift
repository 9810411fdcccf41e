import SagaModel
import Testing

@Suite("An instance that is stored")
struct StoredInstanceTests {
    @Test("is read back")
    func sound() throws {
        #expect(try faultyPlace { _ in } == nil)
    }

    @Test("is refused past its last stage", arguments: [5, 6, 255])
    func stage(stage: Int64) throws {
        #expect(try faultyPlace { $0["stage"] = .integer(stage) } == "stage")
    }

    @Test("may be past its last stage by one when it is over")
    func completed() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.start()
        for reply in ["ConsumerVerified", "", "CardAuthorised", "TicketConfirmed", "OrderApproved"] {
            if reply.isEmpty { run.answer("TicketCreated", ["ticketId": "t", "total": 1]) } else { run.answer(reply) }
        }
        #expect(run.outcome == "approved")
        #expect(try faultyPlace(of: run) { _ in } == nil)
        #expect(try faultyPlace(of: run) { $0["stage"] = 6 } == "stage")
    }

    @Test(
        "is refused with a command that its step does not have",
        arguments: [("confirm-ticket", "undo"), ("start", "undo")])
    func undo(step: String, direction: String) throws {
        let place = try faultyPlace { record in
            change(&record) {
                $0["step"] = .string(step)
                $0["direction"] = .string(direction)
            }
        }
        #expect(place == "pending.0")
    }

    @Test("is refused with a time that cannot be reckoned with", arguments: [Int64.max, .min, -1])
    func due(due: Int64) throws {
        #expect(try faultyPlace { record in change(&record) { $0["due"] = .integer(due) } } == "pending.0")
    }

    @Test("is refused with the undo of a start that has none")
    func start() throws {
        var definition = SampleSagas.createOrder
        definition.start.undo = nil
        #expect(try faultyPlace(definition) { $0["trail"] = .list(["start"]) } == "trail")
    }

    @Test("is refused with a wait that asks, is held or undone")
    func wait() throws {
        let definition = SampleSagas.waiting
        #expect(try faultyPlace(definition) { _ in } == nil)
        let request = Value.string(Identifier(high: 1, low: 1).description)
        let changes: [(String, Value)] = [
            ("state", "backingOff"), ("state", "heldUnsent"), ("direction", "undo"), ("request", request),
        ]
        for (name, value) in changes {
            #expect(try faultyPlace(definition) { record in change(&record) { $0[name] = value } } == "pending.0")
        }
    }

    @Test("is refused with an early event that its step does not wait for")
    func early() throws {
        let event: Value = ["payload": [:], "step": "hear", "type": "order.approved"]
        #expect(try faultyPlace(SampleSagas.waiting) { $0["early"] = .list([event]) } == "early.0")
    }

    // MARK: Damage

    /// Where reading fails after the change; nil if it does not.
    private func faultyPlace(
        _ definition: Definition = SampleSagas.createOrder, _ change: (inout Record) -> Void
    ) throws -> String? {
        var run = try SagaRun(definition)
        run.start()
        return try faultyPlace(of: run, change)
    }

    private func faultyPlace(of run: SagaRun, _ change: (inout Record) -> Void) throws -> String? {
        let value = try CanonicalJSON.value(of: run.instance.storedText(by: run.definition))
        guard case .record(var record) = value else { throw SampleError.unexpectedFlow }
        change(&record)
        do throws(FormatError) {
            _ = try Instance(stored: .record(record), by: run.definition)
            return nil
        } catch {
            return error.place
        }
    }

    private func change(_ record: inout Record, _ body: (inout Record) -> Void) {
        guard case .list(let pending) = record["pending"], case .record(var first) = pending.first else { return }
        body(&first)
        record["pending"] = .list([.record(first)])
    }
}
