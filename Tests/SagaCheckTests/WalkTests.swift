import SagaCheck
import SagaModel
import Testing

/// A generator that a seed determines (SplitMix64, public domain).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}

@Suite("Random walks of the search")
struct WalkTests {
    private func worlds() throws -> [World] {
        let create = try Shipped.createOrder
        let all = [create, try Shipped.cancelOrder, try Shipped.reviseOrder]
        let bounds = Bounds(timeouts: 4, duplicates: 4, crashes: 3, losses: 3, attempts: 3)
        var worlds = [try World([create], bounds: bounds), try World(all, bounds: bounds)]
        for (_, rules) in ProtocolRules.weaker { worlds.append(try World([create], bounds: bounds, rules: rules)) }
        let drawer = Sale.drawer(
            "states: [SHUT, OPEN]", "moves: { open: { from: SHUT, to: OPEN, emits: till.drawer-opened } }")
        let waiting = [("outcomes:", EventTests.wait)]
        worlds.append(try World([Sale.changed(saga: waiting)], bounds: bounds))
        worlds.append(try World([Sale.changed(participant: [drawer], saga: waiting)], bounds: bounds))
        return worlds
    }

    @Test("agree with the machine and the participants played out one by one")
    func agree() throws {
        var lengths = 0
        for (number, world) in try worlds().enumerated() {
            for seed in 0..<(number < 2 ? 30 : 10) as Range<UInt64> {
                var generator = SeededGenerator(state: seed)
                let walk = world.randomWalk(lengthMax: 400, using: &generator)
                var simulation = Simulation(world, beginning: world.beginnings[walk.beginning])
                for (occurrence, expected) in walk.steps {
                    try simulation.apply(occurrence)
                    try #require(world.situation(of: simulation) == expected, "after \(occurrence)")
                }
                lengths += walk.steps.count
                for (saga, entries) in simulation.histories.enumerated() where world.rules.undoesInDoubt {
                    let history = History(definition: "", version: 1, entries: entries)
                    let divergence = history.replay(with: world.sagas[saga].definition)
                    #expect(world.rules.correlatesReplies ? divergence == nil : true, "what was played is replayed")
                }
            }
        }
        #expect(lengths > 2_000, "walks that end at once show nothing")
    }
}
