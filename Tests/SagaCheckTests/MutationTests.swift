import SagaCheck
import SagaModel
import Testing

/// Each change breaks a shipped saga in a way that people do; the check must see every one.
@Suite("A shipped saga that was broken")
struct MutationTests {
    /// Few faults are enough: what is broken here is broken by one of them.
    private static let bounds = Bounds(timeouts: 1, duplicates: 0, crashes: 0, losses: 1, attempts: 1)

    private func codes(_ definitions: [Definition]) throws -> Set<Finding.Code> {
        let report = try Check.check(
            definitions, bounds: Self.bounds, limits: SearchLimits(violationCountMax: 4))
        for finding in report.findings where finding.story != nil {
            let scenario = try #require(finding.scenario)
            let result = try scenario.run(with: definitions)
            #expect(result.failure?.expectation == 0, "the story fails as a scenario: \(finding.message)")
        }
        return Set(report.findings.map(\.code))
    }

    @Test("loses an undo", arguments: ["verify-consumer", "create-ticket"])
    func droppedUndo(step: String) throws {
        let codes = try codes([try Shipped.createOrder.changing(step) { $0.undo = nil }])
        #expect(codes.contains(.effectLeft))
    }

    @Test("loses the undo of the start")
    func droppedStartUndo() throws {
        var definition = try Shipped.createOrder
        definition.start.undo = nil
        #expect(try codes([definition]).contains(.promiseBroken))
    }

    @Test("loses the undo that serves the pivot's doubt")
    func droppedPivotUndo() throws {
        let definition = try Shipped.createOrder.changing("authorize-card") { $0.undo = nil }
        #expect(try !codes([definition]).isEmpty)
    }

    @Test("has two steps swapped", arguments: [(1, 2), (2, 3)])
    func swapped(first: Int, second: Int) throws {
        var definition = try Shipped.createOrder
        definition.flow.swapAt(first, second)
        #expect(try !codes([definition]).isEmpty)
    }

    @Test("calls a step retriable that can fail", arguments: ["verify-consumer", "create-ticket", "authorize-card"])
    func retriableThatFails(step: String) throws {
        let definition = try Shipped.createOrder.changing(step) { $0.kind = .retriable }
        #expect(try codes([definition]).contains(.neverEnds))
    }

    @Test("calls a step a check that has an effect")
    func checkWithEffect() throws {
        let definition = try Shipped.createOrder.changing("verify-consumer") { $0.kind = .check }
        #expect(try codes([definition]).contains(.effectLeft))
    }

    @Test("loses a timeout after the pivot")
    func droppedTimeout() throws {
        let definition = try Shipped.createOrder.changing("confirm-ticket") { $0.retry.timeout = nil }
        #expect(try codes([definition]).contains(.neverEnds))
    }

    @Test("loses its timeouts and its deadline")
    func droppedDeadline() throws {
        var definition = try Shipped.createOrder.changing("create-ticket") { $0.retry.timeout = nil }
        definition.deadline = nil
        #expect(try codes([definition]).contains(.neverEnds))
    }

    @Test("lets a cancel overtake the approval")
    func overtakingCancel() throws {
        let overtake: (inout CommandContract) -> Void = { $0.transitions[0].from.append("APPROVAL_PENDING") }
        let sagas = try [Shipped.createOrder, Shipped.cancelOrder].map {
            $0.changing("order", command: "BeginCancelOrder", overtake)
                .changing("kitchen", command: "BeginCancelTicket") { $0.transitions[0].from.append("CREATE_PENDING") }
        }
        #expect(try !codes(sagas).isEmpty)
    }

    @Test("lets the kitchen cook on while a cancel is under way")
    func missingLock() throws {
        var sagas = [try Shipped.createOrder, try Shipped.cancelOrder]
        for saga in sagas.indices {
            for index in sagas[saga].participants.indices where sagas[saga].participants[index].name == "kitchen" {
                for move in sagas[saga].participants[index].aggregates[0].moves.indices {
                    sagas[saga].participants[index].aggregates[0].moves[move].from.append("CANCEL_PENDING")
                }
            }
        }
        #expect(try codes(sagas).contains(.neverEnds))
    }

    @Test("undoes with a command that does not undo")
    func wrongUndo() throws {
        let definition = try Shipped.createOrder.changing("create-ticket") {
            $0.undo = CommandCall(
                participant: "kitchen", command: "ConfirmTicket", with: $0.undo?.with ?? [])
        }
        #expect(try codes([definition]).contains(.promiseBroken))
    }

    @Test("has parts that nothing ever reaches")
    func deadParts() throws {
        let reason = Expression.path(Path(.data, "reason"))
        let never = Condition.and([.equal(reason, .literal("x")), .not(.equal(reason, .literal("x")))])
        #expect(try codes([try Shipped.createOrder.changing("create-ticket") { $0.when = never }]).contains(.stepDead))
        let always = Condition.or([.equal(reason, .literal("x")), .notEqual(reason, .literal("x"))])
        #expect(try codes([try Shipped.createOrder.changing("create-ticket") { $0.when = always }]) == [.guardDead])
        var definition = try Shipped.createOrder
        definition.outcomes.insert(
            Outcome(name: "impossible", end: .completed, when: never, require: definition.outcomes[0].require), at: 0)
        #expect(try codes([definition]) == [.outcomeDead])
    }
}
