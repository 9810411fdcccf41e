import SagaCheck
import SagaModel
import Testing

@Suite("Where nothing is left but moves of aggregates")
struct RestTests {
    /// A drawer that opens and shuts for ever.
    private func drawer(_ emits: String) -> (String, String) {
        Sale.drawer(
            "states: [SHUT, OPEN]", "moves: { open: { from: SHUT, to: OPEN\(emits) }, shut: { from: OPEN, to: SHUT } }")
    }

    @Test("a saga that waits for ever is found", arguments: ["", ", emits: till.drawer-opened"])
    func circlesOfMoves(emits: String) throws {
        let wait = """
            steps:
              - id: hear
                kind: check
                await: { events: till.drawer-opened, key: saleId, equals: data.saleId, on-timeout: proceed }
                timeout: PT1M
            """
        let definition = try Sale.changed(
            participant: [drawer(emits)], saga: [("steps:", wait), ("losses: 0", "losses: 1")])
        #expect(try Sale.codes(definition) == [])
        #expect(try Sale.codes(definition.changing("print") { $0.retry.timeout = nil }) == [.neverEnds])
    }

    @Test("a saga that waits for what they emit goes on")
    func freedByAMove() throws {
        let wait = """
              - id: hear
                kind: retriable
                await: { events: till.drawer-opened, key: saleId, equals: data.saleId }
                timeout: never
            outcomes:
            """
        let definition = try Sale.changed(
            participant: [drawer(", emits: till.drawer-opened")], saga: [("outcomes:", wait)])
        #expect(try Sale.codes(definition) == [])
    }
}
