import SagaCheck
import SagaModel
import Testing

@Suite("A saga as a picture")
struct DiagramTests {
    @Test("has every step, undo and outcome, joined as they run")
    func whole() throws {
        let diagram = Diagram(try Shipped.createOrder)
        #expect(
            diagram.nodes.map(\.id) == [
                "start", "undo start", "verify-consumer", "undo verify-consumer", "create-ticket",
                "undo create-ticket", "authorize-card", "undo authorize-card", "confirm-ticket", "approve-order",
                "outcome approved", "outcome rejected",
            ])
        let edges = Set(diagram.edges.map { "\($0.from) > \($0.to)\($0.label.isEmpty ? "" : ": " + $0.label)" })
        #expect(edges.contains("create-ticket > authorize-card"))
        #expect(edges.contains("authorize-card > undo create-ticket: fails"))
        #expect(edges.contains("authorize-card > undo authorize-card: in doubt"))
        #expect(edges.contains("undo create-ticket > undo verify-consumer"))
        #expect(edges.contains("undo start > outcome rejected"))
        #expect(edges.contains("approve-order > outcome approved"))
        let places = diagram.nodes.map { [$0.row, $0.column] }
        #expect(Set(places).count == places.count, "no two boxes lie on each other")
    }

    @Test("puts branches beside each other")
    func branches() throws {
        var definition = try Shipped.createOrder
        let steps = definition.steps
        definition.flow =
            [.parallel(ParallelGroup(branches: [[steps[0]], [steps[1]]]))] + steps.dropFirst(2).map { .step($0) }
        let diagram = Diagram(definition)
        #expect(diagram.node("verify-consumer")?.row == diagram.node("create-ticket")?.row)
        let places = diagram.nodes.map { [$0.row, $0.column] }
        #expect(Set(places).count == places.count)
        #expect(diagram.edges.contains { $0.from == "verify-consumer" && $0.to == "authorize-card" })
        #expect(diagram.edges.contains { $0.from == "create-ticket" && $0.to == "authorize-card" })
    }

    @Test("shows a run: what was done, failed, undone, how often it was sent")
    func run() throws {
        let ticket = Scenario.StepReference("create-ticket")
        let scenario = Scenario(
            name: "run", sagas: ["create-order"],
            moments: [
                .init(given: .started(saga: nil, payload: nil)),
                .init(given: .replied(.init("verify-consumer"), name: "ConsumerVerified", payload: nil)),
                .init(given: .silence(ticket, fate: .plain)),
                .init(given: .replied(ticket, name: "TicketCreated", payload: nil)),
                .init(given: .replied(.init("authorize-card"), name: "CardDeclined", payload: nil)),
                .init(given: .replied(.init("create-ticket", .undo), name: "TicketCancelled", payload: nil)),
            ])
        let result = try scenario.run(with: Shipped.all)
        #expect(result.failure == nil)
        let definition = try CompiledDefinition(try Shipped.createOrder)
        let diagram = Diagram(definition, run: try #require(result.histories.first))
        #expect(diagram.node("create-ticket")?.mark == .undone)
        #expect(diagram.node("create-ticket")?.detail == "TicketCreated after 10005 ms, 2 sends")
        #expect(diagram.node("authorize-card")?.mark == .failed)
        #expect(diagram.node("undo create-ticket")?.mark == .done)
        #expect(diagram.node("undo verify-consumer")?.mark == .active)
        #expect(diagram.node("confirm-ticket")?.mark == .plain)
    }

    @Test("is written so that no name can break out of its place")
    func escaped() throws {
        var definition = try Shipped.createOrder
        definition.name = #"a"b<c>&d\e#1;"#
        let diagram = Diagram(definition)
        #expect(diagram.svg.contains("a&quot;b&lt;c&gt;&amp;d\\e#1;, version 1"))
        #expect(diagram.dot.contains(#"label="a\"b<c>&d\\e#1;, version 1""#))
        #expect(diagram.svg.hasPrefix("<svg ") && diagram.svg.hasSuffix("</svg>\n"))
        #expect(diagram.mermaid.contains("flowchart TD\n"))
        #expect(diagram.mermaid.contains(#"|"in doubt"| n"#))
        let opened = diagram.dot.filter { $0 == "{" }.count
        #expect(opened == diagram.dot.filter { $0 == "}" }.count)
    }
}
