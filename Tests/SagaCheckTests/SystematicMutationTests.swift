import SagaCheck
import SagaModel
import Testing

/// Every step of every shipped saga, broken in each way that such a step can be.
@Suite("Every step of a shipped saga that was broken")
struct SystematicMutationTests {
    /// A saga, and one of its steps.
    struct Place: Sendable, CustomTestStringConvertible {
        let saga: String
        let step: String

        var testDescription: String { "\(saga), \(step)" }
    }

    private static let bounds = Bounds(timeouts: 1, duplicates: 0, crashes: 0, losses: 1, attempts: 1)

    private static func places(where fits: (Step, Definition) -> Bool) -> [Place] {
        Shipped.all.flatMap { saga in
            saga.steps.filter { fits($0, saga) }.map { Place(saga: saga.name, step: $0.id) }
        }
    }

    private static func canFail(_ step: Step, _ saga: Definition) -> Bool {
        guard case .send(let call) = step.action else { return false }
        return !(saga.participant(named: call.participant)?.command(named: call.command)?.failures.isEmpty ?? true)
    }

    private static func followsAcrossPivot(_ step: Step, _ saga: Definition) -> Bool {
        guard let index = saga.steps.firstIndex(of: step), index > 0 else { return false }
        return step.kind == .pivot || saga.steps[index - 1].kind == .pivot
    }

    /// The checker knows states, no amounts: it does not miss a step that changes nothing else.
    private static func changesState(_ step: Step, _ saga: Definition) -> Bool {
        guard case .send(let call) = step.action else { return false }
        let contract = saga.participant(named: call.participant)?.command(named: call.command)
        return contract?.transitions.contains { $0.to != .unchanged } ?? false
    }

    private func findings(_ place: Place, _ change: (inout Step) -> Void) throws -> [Finding] {
        let definition = try Shipped.saga(place.saga).changing(place.step, change)
        return try Check.check([definition], bounds: Self.bounds).findings
    }

    @Test("has no undo", arguments: places { step, _ in step.undo != nil })
    func withoutUndo(_ place: Place) throws {
        #expect(try !findings(place) { $0.undo = nil }.isEmpty)
    }

    @Test("is called retriable and can fail", arguments: places { $0.kind != .retriable && canFail($0, $1) })
    func retriable(_ place: Place) throws {
        #expect(try !findings(place) { $0.kind = .retriable }.isEmpty)
    }

    @Test("waits for ever after the pivot", arguments: places { step, _ in step.kind == .retriable })
    func withoutTimeout(_ place: Place) throws {
        #expect(try findings(place) { $0.retry.timeout = nil }.map(\.code) == [.neverEnds])
    }

    @Test("is missing", arguments: places(where: changesState))
    func missing(_ place: Place) throws {
        var definition = try Shipped.saga(place.saga)
        definition.flow.removeAll { if case .step(let step) = $0 { step.id == place.step } else { false } }
        #expect(try !Check.check([definition], bounds: Self.bounds).isClean)
    }

    @Test("comes before the one it follows, across the pivot", arguments: places(where: followsAcrossPivot))
    func swapped(_ place: Place) throws {
        var definition = try Shipped.saga(place.saga)
        let index = try #require(definition.steps.firstIndex { $0.id == place.step })
        definition.flow.swapAt(index - 1, index)
        #expect(try !Check.check([definition], bounds: Self.bounds).isClean)
    }

    @Test("is tried on every shipped saga")
    func reach() {
        #expect(Set(Self.places { step, _ in step.undo != nil }.map(\.saga)).count == 3)
        #expect(Set(Self.places { $0.kind != .retriable && Self.canFail($0, $1) }.map(\.saga)).count == 3)
        #expect(Self.places(where: Self.changesState).count >= 14)
    }
}
