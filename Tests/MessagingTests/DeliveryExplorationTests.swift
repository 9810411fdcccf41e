import Messaging
import Testing

/// Every order of crashes, duplicates, redeliveries, unknown commits and lost confirms, within a budget.
@Suite struct DeliveryExplorationTests {
    typealias World = DeliveryWorld

    private let ladder: RetryLadder

    init() throws { ladder = try RetryLadder(delays: [.seconds(1)]) }

    private static func id(_ number: UInt64) -> UUIDv7 {
        UUIDv7(milliseconds: 1_700_000_000_000, randomHigh: 0, randomLow: number)
    }

    /// Walks through every world that can come of this one.
    ///
    /// - Returns: how many there are, those at rest, and the first that breaks `holds` or from which nothing leads on.
    private func explore(
        _ start: World, holds: (World) -> Bool
    ) -> (count: Int, atRest: [World], broken: World?) {
        var seen: Set<World> = [start]
        var waiting = [start]
        var atRest: [World] = []
        while let world = waiting.popLast() {
            guard holds(world) else { return (seen.count, atRest, world) }
            if world.isAtRest { atRest.append(world) }
            let next = world.successors
            if next.isEmpty, !world.isAtRest { return (seen.count, atRest, world) }
            for world in next where seen.insert(world).inserted { waiting.append(world) }
        }
        return (seen.count, atRest, nil)
    }

    private func isSound(_ world: World) -> Bool {
        world.effectCount.values.allSatisfy { $0 <= 1 } && world.answers.values.allSatisfy { $0.count <= 1 }
    }

    static let budgets: [World.Budget] = [
        World.Budget(crashes: 2),
        World.Budget(crashes: 1, commitsUnknown: 1, confirmsLost: 1),
        World.Budget(copies: 1, commitsUnknown: 1, confirmsLost: 1, groundFailures: 1),
        World.Budget(crashes: 1, copies: 1, reconnects: 1),
        World.Budget(commitsUnknown: 1, confirmsLost: 1, reconnects: 2),
        World.Budget(crashes: 1, copies: 1, confirmsLost: 1),
        World.Budget(commitsUnknown: 1, reconnects: 1, unclearErrors: 1),
        World.Budget(commitsUnknown: 2, groundFailures: 1),
    ]

    @Test(arguments: budgets) func anEffectHappensOnceAndItsReplyComesWithTheSameBytes(budget: World.Budget) {
        let start = World([.init(id: Self.id(1)), .init(id: Self.id(2))], budget: budget, ladder: ladder)
        let found = explore(start, holds: isSound)
        #expect(found.broken == nil)
        #expect(found.count > 300)
        #expect(!found.atRest.isEmpty)
        for world in found.atRest {
            #expect(world.effectCount == [0: 1, 1: 1])
            #expect(world.answers.mapValues(\.count) == [0: 1, 1: 1] && world.answered == [0, 1])
            #expect(world.dead.isEmpty)
        }
    }

    @Test(arguments: budgets) func aPoisonMessageCostsOnlyItself(budget: World.Budget) throws {
        var start = World(
            [.init(id: Self.id(1), isPoison: true), .init(id: Self.id(2))], budget: budget, ladder: ladder)
        start.budget.copies = 0
        // A bisected run may blame a message for an error that was not its own, which then waits and runs again.
        start.budget.unclearErrors = 0
        let found = explore(start, holds: isSound)
        #expect(found.broken == nil)
        #expect(!found.atRest.isEmpty)
        for world in found.atRest {
            #expect(world.effectCount == [1: 1])
            #expect(world.answers.mapValues(\.count) == [1: 1])
            #expect(world.dead == [0])
        }
    }

    static let pairBudgets: [World.Budget] = [
        World.Budget(crashes: 2), World.Budget(crashes: 1, commitsUnknown: 1), World.Budget(copies: 1, reconnects: 1),
        World.Budget(crashes: 1, confirmsLost: 1, reconnects: 1), World.Budget(copies: 1, groundFailures: 1),
        World.Budget(reconnects: 1, unclearErrors: 1),
    ]

    @Test(arguments: pairBudgets) func doAndUndoInAnyOrderLeaveNoEffect(budget: World.Budget) {
        let commands = [
            World.Command(id: Self.id(1), direction: .forward), World.Command(id: Self.id(2), direction: .backward),
        ]
        var overtaken = World(commands, budget: budget, ladder: ladder)
        overtaken.queue.reverse()
        for start in [World(commands, budget: budget, ladder: ladder), overtaken] {
            let found = explore(start, holds: isSound)
            #expect(found.broken == nil)
            #expect(!found.atRest.isEmpty)
            for world in found.atRest {
                #expect(!world.isEffectLive)
                #expect(world.fence == .undone || world.fence == .fenced)
                #expect(world.answers.mapValues(\.count) == [0: 1, 1: 1] && world.answered == [0, 1])
            }
        }
    }
}
