import SagaCheck
import SagaModel
import Testing

@Suite("Aggregates in the search")
struct AggregateTests {
    /// Where no state is pending a packed state has no room for one that is remembered.
    @Test("may begin in any of their states", arguments: ["SHUT", "OPEN", "GONE"])
    func initialStates(initial: String) throws {
        let moves = "open: { from: SHUT, to: OPEN }, shut: { from: OPEN, to: GONE }, back: { from: GONE, to: SHUT }"
        let drawer = Sale.drawer("states: [SHUT, OPEN, GONE]", "initial: \(initial)", "moves: { \(moves) }")
        #expect(try Sale.codes(try Sale.changed(participant: [drawer])) == [])
    }
}
