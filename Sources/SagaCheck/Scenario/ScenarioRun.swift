package import SagaModel

/// How a scenario went.
package struct ScenarioResult: Sendable, Hashable {
    /// Nil when every expectation was met.
    package var failure: Failure?
    /// What happened, in words, up to the failure.
    package var sentences: [String]
    /// By saga: what was put in and what came out.
    package var histories: [History]

    package var isPassed: Bool { failure == nil }

    package struct Failure: Sendable, Hashable, CustomStringConvertible {
        /// The moment's index.
        package var moment: Int
        /// The expectation's index; nil when what was given could not happen.
        package var expectation: Int?
        package var message: String

        package var description: String { "moment \(moment + 1): \(message)" }
    }
}

/// Why a scenario cannot be run at all.
package struct ScenarioError: Error, Hashable, CustomStringConvertible {
    package var description: String

    init(_ description: String) {
        self.description = description
    }
}

extension Scenario {
    /// Runs the scenario.
    ///
    /// - Parameter definitions: Those that the scenario names, and perhaps others.
    /// - Throws: ``ScenarioError`` when a saga is missing or does not compile, or `given` fits nothing.
    package func run(with definitions: [Definition]) throws(ScenarioError) -> ScenarioResult {
        var run = try ScenarioRun(self, definitions: definitions)
        for (index, moment) in moments.enumerated() {
            do throws(ScenarioMismatch) {
                try run.play(moment)
            } catch {
                let failure = ScenarioResult.Failure(
                    moment: index, expectation: error.expectation, message: error.message)
                return run.result(failure: failure)
            }
        }
        return run.result(failure: nil)
    }
}

/// What does not go as the scenario says.
struct ScenarioMismatch: Error {
    var expectation: Int?
    var message: String

    init(_ message: String) {
        self.message = message
    }

    init(_ error: ImpossibleOccurrence) {
        message = "This cannot happen: \(error)."
    }
}

/// A scenario being played.
struct ScenarioRun {
    let scenario: Scenario
    let world: World
    var simulation: Simulation
    /// What the last happening did.
    var happened = Happened()
    /// The requests that were sent before it.
    var knownRequests: Set<Identifier> = []
    private var sentences: [String] = []

    /// When scenarios begin: 2024-01-01, so that histories made of them look like real ones.
    static let firstMilliseconds: Int64 = 1_704_067_200_000

    init(_ scenario: Scenario, definitions: [Definition]) throws(ScenarioError) {
        var chosen: [Definition] = []
        for name in scenario.sagas {
            guard let definition = definitions.last(where: { $0.name == name }) else {
                throw ScenarioError("there is no saga `\(name)`")
            }
            chosen.append(definition)
        }
        guard !chosen.isEmpty else { throw ScenarioError("a scenario names at least one saga") }
        do {
            world = try World(
                chosen, bounds: Bounds(attempts: scenario.attempts ?? .max), rules: scenario.rules)
        } catch {
            throw ScenarioError(error.description)
        }
        self.scenario = scenario
        simulation = Simulation(world, beginning: try Self.beginning(of: scenario, in: world))
        simulation.milliseconds = Self.firstMilliseconds
    }

    private static func beginning(
        of scenario: Scenario, in world: World
    ) throws(ScenarioError) -> [AggregateValue] {
        guard var values = world.beginnings.first else { throw ScenarioError("the world has no beginning") }
        for given in scenario.given {
            guard let aggregate = world.aggregates.firstIndex(where: { $0.name == given.aggregate }),
                let state = given.states.first, let index = world.aggregates[aggregate].index(of: state)
            else { throw ScenarioError("`\(given.aggregate)` is no aggregate with such a state") }
            values[aggregate].state = index
        }
        return values
    }

    mutating func play(_ moment: Scenario.Moment) throws(ScenarioMismatch) {
        simulation.milliseconds += 5
        knownRequests = Set(simulation.requests.values)
        happened = try give(moment.given)
        try tell(moment.given, happened)
        for (index, expectation) in moment.expect.enumerated() {
            guard let message = complaint(about: expectation) else { continue }
            var mismatch = ScenarioMismatch(message)
            mismatch.expectation = index
            throw mismatch
        }
    }

    func result(failure: ScenarioResult.Failure?) -> ScenarioResult {
        let histories = zip(world.sagas, simulation.histories).map { saga, entries in
            History(definition: saga.original.name, version: saga.original.version, entries: entries)
        }
        return ScenarioResult(failure: failure, sentences: sentences, histories: histories)
    }

    /// Tells what was given and what it did, as the stories of a check are told.
    mutating func tell(_ given: Scenario.Given, _ happened: Happened) throws(ScenarioMismatch) {
        let saga = try saga(given.saga)
        sentences.append(Narrator(world: world).sentence(for: given, saga: saga, happened))
    }
}
