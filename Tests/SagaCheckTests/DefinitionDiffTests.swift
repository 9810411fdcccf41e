import SagaCheck
import SagaModel
import Testing

@Suite("The difference of two versions")
struct DefinitionDiffTests {
    private func newer(_ change: (inout Definition) -> Void) throws -> Definition {
        var definition = try Shipped.createOrder
        definition.version += 1
        change(&definition)
        return definition
    }

    private func diff(_ new: Definition) throws -> DefinitionDiff {
        try DefinitionDiff(from: try Shipped.createOrder, to: new)
    }

    /// What becomes of the places that read so.
    private func mayMove(_ words: String, in diff: DefinitionDiff) throws -> Set<Bool> {
        let verdicts = diff.places.filter { $0.place.words == words }
        try #require(!verdicts.isEmpty, "no place reads \(words)")
        return Set(verdicts.map(\.mayMove))
    }

    @Test("lets everything move when only times have changed")
    func times() throws {
        let diff = try diff(try newer { $0 = $0.changing("create-ticket") { $0.retry.timeout = .seconds(99) } })
        #expect(diff.places.count > 10)
        #expect(diff.places.allSatisfy { $0.mayMove })
        #expect(diff.changes == [.init(kind: .changed, step: "create-ticket")])
    }

    @Test("keeps what is past a new step where it was, and moves what is before it")
    func newStep() throws {
        let diff = try diff(
            try newer { definition in
                guard case .step(var step) = definition.flow[3] else { return }
                step.id = "confirm-again"
                definition.flow.insert(.step(step), at: 4)
            })
        #expect(diff.changes == [.init(kind: .added, step: "confirm-again")])
        #expect(try mayMove("waits for create-ticket", in: diff) == [true])
        #expect(try mayMove("waits for confirm-ticket", in: diff) == [true])
        #expect(try mayMove("waits for approve-order", in: diff) == [false])
        let reason = diff.places.first { $0.place.words == "waits for approve-order" }?.reason
        #expect(reason == "the old version sends order.ApproveOrder, the new one sends kitchen.ConfirmTicket")
    }

    @Test("keeps what has begun to undo otherwise, and moves what has not")
    func otherUndo() throws {
        let diff = try diff(try newer { $0 = $0.changing("verify-consumer") { $0.undo = nil } })
        #expect(try mayMove("waits for create-ticket", in: diff) == [true])
        #expect(try mayMove("waits for the undo of verify-consumer", in: diff) == [false])
        #expect(try mayMove("waits for the undo of start", in: diff) == [true, false])
    }

    @Test("follows declared renames, and takes an undeclared one for another step")
    func renames() throws {
        let rename: (inout Definition) -> Void = { definition in
            definition = definition.changing("create-ticket") { $0.id = "make-ticket" }
        }
        var new = try newer(rename)
        #expect(try mayMove("waits for create-ticket", in: try diff(new)) == [false])
        new.compatibility = [Compatibility(version: 1, renames: ["create-ticket": "make-ticket"])]
        let diff = try diff(new)
        #expect(diff.places.allSatisfy { $0.mayMove })
        #expect(diff.changes == [.init(kind: .renamed, step: "create-ticket", newStep: "make-ticket")])
    }

    @Test("moves a running instance, which then goes on by the new version")
    func move() throws {
        let new = try newer { definition in
            definition.data.append(Field("note", .optional(.string)))
            definition = definition.changing("create-ticket") { $0.id = "make-ticket" }
            definition.compatibility = [Compatibility(version: 1, renames: ["create-ticket": "make-ticket"])]
        }
        let diff = try diff(new)
        let scenario = Scenario(
            name: "half", sagas: ["create-order"],
            moments: [
                .init(given: .started(saga: nil, payload: nil)),
                .init(given: .replied(.init("verify-consumer"), name: "ConsumerVerified", payload: nil)),
            ])
        let history = try #require(try scenario.run(with: [try Shipped.createOrder]).histories.first)
        let instance = history.instance(with: diff.old)
        let moved = try #require(diff.move(instance))
        let last = try #require(history.entries.last)
        guard case .send(let command) = last.actions[1] else {
            Issue.record("the ticket is asked for")
            return
        }
        let reply = Reply(
            causation: command.request, sender: "kitchen", name: "TicketCreated",
            turn: Turn(step: "make-ticket", direction: .do, attempt: 1), payload: ["ticketId": "t", "total": 5])
        let (_, actions) = SagaMachine.decide(diff.new, moved, Input(.replied(reply), milliseconds: 1))
        #expect(actions.contains { if case .send(let command) = $0 { command.name == "AuthorizeCard" } else { false } })
        #expect(diff.verdict(on: instance)?.mayMove == true)
    }

    /// The old version has no guard, so nothing of its own tells one total from another.
    @Test("keeps what a guard that only the new version has would have passed over")
    func newGuard() throws {
        let total = Expression.path(Path(.data, "total"))
        let guarded = try newer { definition in
            definition = definition.changing("confirm-ticket") { $0.when = .less(total, .literal(.integer(1000))) }
        }
        let diff = try diff(guarded)
        #expect(try mayMove("waits for create-ticket", in: diff) == [true])
        #expect(try mayMove("waits for confirm-ticket", in: diff) == [false])
        #expect(try mayMove("waits for approve-order", in: diff) == [false])
    }

    @Test("lets nothing move when it was ended before everything was compared")
    func ended() throws {
        let (old, new) = (try Shipped.createOrder, try newer { _ in })
        let limited = try DefinitionDiff(from: old, to: new, pairCountMax: 10)
        #expect(!limited.places.isEmpty && limited.places.allSatisfy { !$0.mayMove })
        #expect(limited.places[0].reason?.hasPrefix("the comparison was ended after") == true)
        #expect(try DefinitionDiff(from: old, to: new).places.allSatisfy(\.mayMove))
    }
}
