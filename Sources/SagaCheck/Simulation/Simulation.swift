package import SagaModel

/// A world played out one occurrence after the other, with nothing packed and nothing left out.
///
/// It is the second, slow reading of the same protocol: stories are told by it, scenarios run on it, and walks of the
/// search are held against it.
package struct Simulation: Sendable {
    package let world: World
    package private(set) var instances: [Instance]
    package private(set) var values: [AggregateValue]
    /// By saga and step.
    package private(set) var fences: [[Fence]]
    /// The time that inputs are dated with.
    package var milliseconds: Int64 = 0
    /// By saga: what was put in and what came out.
    package private(set) var histories: [[History.Entry]]

    var requests: [TurnKey: Identifier] = [:]
    var stored: [TurnKey: Answer] = [:]
    var commands: [TurnKey: Int] = [:]
    var replies: [TurnKey: [Answer: Int]] = [:]
    private var published: Set<Int> = []
    private var arriving: [Set<Int>]

    /// A reply's name and payload.
    package struct Answer: Sendable, Hashable {
        package var name: String
        package var payload: Record

        package init(name: String, payload: Record) {
            self.name = name
            self.payload = payload
        }
    }

    /// Sets the world to one of its beginnings.
    package init(_ world: World, beginning: [AggregateValue]) {
        self.world = world
        values = beginning
        instances = world.sagas.map { _ in .unstarted }
        fences = world.sagas.map { $0.steps.map { _ in .open } }
        histories = world.sagas.map { _ in [] }
        arriving = world.sagas.map { _ in [] }
    }

    // MARK: Occurrences

    /// Lets something happen that a search has found possible.
    ///
    /// - Throws: ``ImpossibleOccurrence`` where this world does not allow it.
    @discardableResult
    package mutating func apply(_ occurrence: Occurrence) throws(ImpossibleOccurrence) -> Happened {
        switch occurrence {
        case .started(let saga, let payload):
            return give(WorldInputs(world: world, saga: saga).start(payload).happening, to: saga)
        case .handled(let key, let number, let fate):
            let (outcomes, call) = try outcomes(of: key)
            guard outcomes.indices.contains(number) else { throw ImpossibleOccurrence("there is no such outcome") }
            let variant = call.variants[outcomes[number].variant]
            return try handle(
                key, outcomes[number], Answer(name: variant.name, payload: variant.payload), fate: fate)
        case .repeated(let key, let fate): return try handleAgain(key, fate: fate)
        case .answered(let key, let variant, let fate):
            guard let call = call(key) else { throw ImpossibleOccurrence("nothing was asked there") }
            let answer = Answer(name: call.variants[variant].name, payload: call.variants[variant].payload)
            return try takeReply(key, answer, fate: fate)
        case .timerFired(let key, let fate): return fireTimer(key, fate: fate)
        case .deadlinePassed(let saga): return give(.timerFired(.deadline), to: saga)
        case .retried(let saga):
            return give(WorldInputs(world: world, saga: saga).retry.happening, to: saga)
        case .published(let event): return publish(event)
        case .arrived(let event, let saga, let step, let payload):
            let inputs = WorldInputs(world: world, saga: saga)
            let input = inputs.event(event, step: step, payload: payload, to: instances[saga])
            arriving[saga].remove(event)
            return give(input.happening, to: saga)
        case .moved(let aggregate, let move): return try self.move(aggregate, by: move)
        case .lostCommand(let key):
            try removeCommand(key)
            return Happened(turn: key, manner: .lost)
        case .lostReply(let key, let variant):
            guard let call = call(key) else { throw ImpossibleOccurrence("nothing was asked there") }
            let answer = Answer(name: call.variants[variant].name, payload: call.variants[variant].payload)
            try removeReply(key, answer)
            return Happened(turn: key, answer: answer.name, manner: .lost)
        case .lostEvent(let event, let saga):
            arriving[saga].remove(event)
            return Happened(saga: saga, manner: .lost, event: world.events[event])
        }
    }

    /// Starts a saga from an event with this payload.
    package mutating func start(_ saga: Int, payload: Record) -> Happened {
        let key = payload[world.sagas[saga].definition.startKey] ?? .null
        let identifier = Identifier.saga(
            definition: world.sagas[saga].original.name, key: key, milliseconds: milliseconds)
        return give(.started(StartEvent(saga: identifier, payload: payload)), to: saga)
    }

    mutating func fireTimer(_ key: TurnKey, fate: Occurrence.Fate) -> Happened {
        let turn = WorldInputs(world: world, saga: Int(key.saga)).turn(key)
        let isEarly = isUnderWay(key)
        var happened = give(.timerFired(turn), to: Int(key.saga), copies: fate == .crashedAfterPublishing ? 2 : 1)
        happened.turn = key
        happened.fate = fate
        happened.isEarly = isEarly
        return happened
    }

    /// Whether the turn's command or its reply is under way.
    private func isUnderWay(_ key: TurnKey) -> Bool {
        (commands[key] ?? 0) > 0 || !(replies[key] ?? [:]).isEmpty
    }

    // MARK: Sagas

    /// Gives an input to a saga and puts the commands that it sends on their way.
    @discardableResult
    package mutating func give(_ happening: Input.Happening, to saga: Int, copies: Int = 1) -> Happened {
        let input = Input(happening, milliseconds: milliseconds)
        let (next, actions) = WeakenedMachine(world: world, saga: saga).decide(instances[saga], input)
        instances[saga] = next
        histories[saga].append(History.Entry(input: input, actions: actions))
        for case .send(let command) in actions {
            let key = key(of: command.turn, in: saga)
            requests[key] = command.request
            commands[key, default: 0] += copies
        }
        return Happened(saga: saga, actions: actions)
    }

    func key(of turn: Turn, in saga: Int) -> TurnKey {
        TurnKey(
            saga: UInt8(saga), step: UInt8(world.sagas[saga].definition.index(ofStep: turn.step) ?? 0),
            direction: turn.direction, attempt: UInt16(turn.attempt))
    }

    func call(_ key: TurnKey) -> CallModel? {
        world.sagas[Int(key.saga)].steps[Int(key.step)].call(key.direction)
    }

    // MARK: Events and moves

    private mutating func publish(_ event: Int) -> Happened {
        published.insert(event)
        emit(event)
        return Happened(event: world.events[event])
    }

    private mutating func emit(_ event: Int) {
        for saga in world.sagas.indices
        where world.sagas[saga].steps.contains(where: { $0.awaited.contains { $0.event == event } }) {
            arriving[saga].insert(event)
        }
    }

    package mutating func move(_ aggregate: Int, by index: Int) throws(ImpossibleOccurrence) -> Happened {
        let move = world.aggregates[aggregate].moves[index]
        let before = values[aggregate]
        guard move.from.contains(before.state) else {
            throw ImpossibleOccurrence(
                "\(world.aggregates[aggregate].name) cannot \(move.name) in "
                    + world.aggregates[aggregate].states[Int(before.state)])
        }
        values[aggregate].state = move.to
        if let event = move.emits.flatMap({ world.events.firstIndex(of: $0) }) { emit(event) }
        return Happened(
            change: Happened.Change(aggregate: aggregate, from: before.state, to: move.to), move: move.name,
            event: move.emits)
    }

    mutating func change(_ aggregate: Int, to value: AggregateValue) {
        values[aggregate] = value
    }

    mutating func setFence(of key: TurnKey, to fence: Fence) {
        fences[Int(key.saga)][Int(key.step)] = fence
    }
}

/// Why something cannot happen in a simulation.
package struct ImpossibleOccurrence: Error, Hashable, CustomStringConvertible {
    package var description: String

    init(_ description: String) {
        self.description = description
    }
}

/// What an occurrence did.
package struct Happened: Sendable, Hashable {
    package enum Manner: Sendable, Hashable {
        case ordinary
        /// The do came after its undo and was refused.
        case fenced
        /// The undo came before its do, and nothing was there to undo.
        case nothingToUndo
        case answeredAgain
        case droppedAgain
        case lost
    }

    package struct Change: Sendable, Hashable {
        package var aggregate: Int
        package var from: UInt8
        package var to: UInt8
    }

    package var saga: Int?
    package var actions: [Action] = []
    package var turn: TurnKey?
    package var change: Change?
    /// The reply that was given, taken or lost.
    package var answer: String?
    package var manner = Manner.ordinary
    package var fate = Occurrence.Fate.plain
    package var move: String?
    package var event: String?
    /// Whether a timer fired while the command or its reply was still under way.
    package var isEarly = false
}
