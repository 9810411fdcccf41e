package import SagaModel

/// What of a world's state can be told without its messages: sagas, aggregates, fences.
package struct Situation: Sendable, Hashable {
    package var instances: [Instance]
    package var values: [AggregateValue]
    package var fences: [[Fence]]
}

/// A way through a world, chosen at random.
package struct Walk: Sendable {
    package var beginning: Int
    package var steps: [(occurrence: Occurrence, situation: Situation)]
}

extension World {
    /// The situation of a simulation, without the data that a search leaves out.
    package func situation(of simulation: Simulation) -> Situation {
        Situation(
            instances: zip(sagas, simulation.instances).map { $0.withoutUnreadData($1) }, values: simulation.values,
            fences: simulation.fences)
    }

    /// Searches, and collects every situation that is reached; for worlds that are small.
    package func situations(
        limits: SearchLimits, isReduced: Bool
    ) -> (result: SearchResult, situations: Set<Situation>) {
        var situations: Set<Situation> = []
        let result = search(limits: limits, isReduced: isReduced) { explorer in
            for index in 0..<explorer.store.count { situations.insert(explorer.situation(ofState: index)) }
        }
        return (result, situations)
    }

    /// Goes through the world at random, by the successors that a search would find.
    package func randomWalk(lengthMax: Int, using generator: inout some RandomNumberGenerator) -> Walk {
        var size = initialSize
        let saved = generator
        while true {
            var explorer = Explorer(self, limits: SearchLimits(), isReduced: true, size: size)
            generator = saved
            let walk = explorer.walk(lengthMax: lengthMax, using: &generator)
            if !explorer.needsRoom { return walk }
            size = explorer.enlarged(size)
        }
    }
}

extension Explorer {
    fileprivate mutating func walk(lengthMax: Int, using generator: inout some RandomNumberGenerator) -> Walk {
        guard layout.fits else { return Walk(beginning: 0, steps: []) }
        begin()
        let beginning = Int.random(in: 0..<store.count, using: &generator)
        var walk = Walk(beginning: beginning, steps: [])
        store.copy(beginning, to: buffers.state)
        while walk.steps.count < lengthMax, let next = collectSuccessors().randomElement(using: &generator) {
            for word in next.words.indices { buffers.state[word] = next.words[word] }
            walk.steps.append((next.occurrence, situation()))
        }
        return walk
    }

    fileprivate func situation(ofState index: Int) -> Situation {
        store.copy(index, to: buffers.state)
        return situation()
    }

    /// The situation of the state in the buffer.
    private func situation() -> Situation {
        var situation = Situation(instances: [], values: [], fences: [])
        for saga in world.sagas.indices {
            situation.instances.append(tables[saga].instances[layout.instances[saga].read(buffers.state)])
            situation.fences.append(
                layout.fences[saga].map { Fence(rawValue: UInt8($0.read(buffers.state))) ?? .open })
        }
        for aggregate in world.aggregates.indices {
            situation.values.append(value(of: aggregate, in: buffers.state))
        }
        return situation
    }
}
