import SagaModel
import Testing

@Suite("Compiling a definition")
struct CompilationTests {
    private func faults(_ change: (inout Definition) -> Void) -> [String] {
        var definition = SampleSagas.createOrder
        change(&definition)
        do {
            _ = try CompiledDefinition(definition)
            return []
        } catch {
            return error.faults.map { "\($0.code.rawValue) \($0.place.joined(separator: "."))" }
        }
    }

    private func changeStep(_ index: Int, _ change: @escaping (inout Step) -> Void) -> (inout Definition) -> Void {
        { definition in
            guard case .step(var step) = definition.flow[index] else { return }
            change(&step)
            definition.flow[index] = .step(step)
        }
    }

    @Test("accepts a sound definition")
    func sound() {
        #expect(faults { _ in } == [])
    }

    @Test("names what does not resolve, and where")
    func unresolved() {
        #expect(faults { $0.flow = [] } == ["empty-flow steps"])
        #expect(faults { $0.start.key = "nothing" } == ["unknown-field start.key"])
        #expect(faults { $0.start.event = "order.made" } == ["unknown-event start.event"])
        #expect(faults { $0.data.append(Field("orderId", .id)) } == ["duplicate-field data.orderId"])
        #expect(faults { $0.outcomes.removeLast() } == ["missing-outcome outcomes"])
        #expect(faults { $0.flow.append($0.flow[0]) } == ["duplicate-step steps.verify-consumer"])
        #expect(faults(changeStep(1) { $0.id = "start" }) == ["reserved-step steps.start"])
        #expect(
            faults(changeStep(1) { $0.undo?.command = "EatTicket" }) == [
                "unknown-command steps.create-ticket.undo.send"
            ])
        #expect(
            faults(changeStep(1) { $0.undo?.participant = "cellar" }) == [
                "unknown-participant steps.create-ticket.undo.send"
            ])
        #expect(
            faults(changeStep(1) { $0.on.append(ReplyRule(reply: "TicketLost")) }) == [
                "unknown-reply steps.create-ticket.on.TicketLost"
            ])
    }

    @Test("holds mappings against their types")
    func types() {
        #expect(
            faults(changeStep(1) { $0.on[0].set[1] = Assignment("total", Path(.reply, "ticketId")) }) == [
                "type-mismatch steps.create-ticket.on.TicketCreated.set.total"
            ])
        #expect(
            faults(changeStep(1) { $0.undo?.with = [Assignment("orderId", Path(.reply, "ticketId"))] }) == [
                "path-not-allowed steps.create-ticket.undo.with.orderId"
            ])
        #expect(
            faults(changeStep(1) { $0.undo?.with = [Assignment("orderId", Path(.data, "ticketId"))] }) == [
                "type-mismatch steps.create-ticket.undo.with.orderId"
            ], "an optional cannot fill a field that must be there")
        #expect(faults(changeStep(0) { $0.undo?.with = [] }) == ["missing-field steps.verify-consumer.undo.with"])
        #expect(
            faults(changeStep(0) { $0.when = .equal(.path(Path(.data, "total")), .literal("x")) }) == [
                "type-mismatch steps.verify-consumer.when"
            ])
        #expect(
            faults { $0.outcomes[0].require = .equal(.path(Path(.state, "order", "order")), .literal("EATEN")) } == [
                "unknown-state outcomes.approved.require"
            ])
        let order = Path(.state, "order", "order")
        for meaningless in [Condition.exists(order), .less(.path(order), .literal("APPROVED"))] {
            #expect(
                faults { $0.outcomes[0].require = .and([meaningless]) } == ["bad-condition outcomes.approved.require"])
        }
    }

    @Test("refuses a new try after an unclear failure")
    func unclearRetry() {
        let found = faults { definition in
            definition.participants[2].commands[0].failures[0].certainty = .unclear
            changeStep(1) { $0.on.append(ReplyRule(reply: "MenuInvalid", verdict: .retry)) }(&definition)
        }
        #expect(found == ["unclear-retry steps.create-ticket.on.MenuInvalid"])
    }
}

@Suite("Conditions")
struct ConditionTests {
    private static let total = Expression.path(Path(.data, "total"))

    /// Whether the guarded last step was run, which tells whether the condition held.
    private func holds(_ condition: Condition, total: Value?) throws -> Bool {
        var definition = SampleSagas.createOrder
        definition.participants[0].events[0].payload.append(Field("total", .optional(.money)))
        definition.start.set.append(Assignment("total", Path(.event, "total")))
        guard case .step(var step) = definition.flow[0] else { throw SampleError.unexpectedFlow }
        step.when = condition
        definition.flow[0] = .step(step)
        var run = try SagaRun(definition)
        var payload: Record = ["orderId": "o-1", "consumerId": "c-1", "lines": .list([])]
        payload["total"] = total
        run.start(payload)
        return run.names == ["VerifyConsumer"]
    }

    @Test("are total: absent is not null, and nothing is less than it")
    func absent() throws {
        let null = Expression.literal(.null)
        #expect(try !holds(.equal(Self.total, null), total: nil))
        #expect(try holds(.notEqual(Self.total, null), total: nil))
        #expect(try holds(.equal(Self.total, null), total: .null))
        #expect(try holds(.equal(Self.total, Self.total), total: nil))
        #expect(try !holds(.less(Self.total, .literal(5)), total: nil))
        #expect(try !holds(.exists(Path(.data, "total")), total: nil))
        #expect(try !holds(.exists(Path(.data, "total")), total: .null))
        #expect(try holds(.exists(Path(.data, "total")), total: 0))
    }

    @Test("compare, combine and negate")
    func logic() throws {
        #expect(try holds(.less(Self.total, .literal(5)), total: 4))
        #expect(try !holds(.less(Self.total, .literal(5)), total: 5))
        #expect(try holds(.among(Self.total, [.literal(1), .literal(5)]), total: 5))
        #expect(try !holds(.among(Self.total, [.literal(1), .literal(5)]), total: 4))
        #expect(try holds(.not(.or([.equal(Self.total, .literal(1)), .exists(Path(.data, "ticketId"))])), total: 5))
        #expect(try !holds(.and([.equal(Self.total, .literal(5)), .exists(Path(.data, "ticketId"))]), total: 5))
    }
}
