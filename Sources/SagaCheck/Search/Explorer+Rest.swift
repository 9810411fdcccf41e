import SagaModel

extension Explorer {
    /// Whether moves of aggregates alone may lead from the state at rest in the buffer to one where a saga goes on.
    ///
    /// Sagas do not see aggregates, only messages, and of all that is at rest moves bring forth nothing but events. So it
    /// is enough to look whether some chain of moves, however long, emits an event that changes the instance it
    /// reaches; one that is ignored leaves everything at rest as it was.
    var canBeFreed: Bool {
        mutating get {
            world.aggregates.indices.contains { aggregate in
                let state = value(of: aggregate, in: buffers.state).state
                return eventsOfMoves(of: aggregate, from: state).contains { changesInstance($0) }
            }
        }
    }

    /// The world's events that the aggregate may still emit by moving on from the state.
    private func eventsOfMoves(of aggregate: Int, from state: UInt8) -> Set<Int> {
        let moves = world.aggregates[aggregate].moves
        var (reached, open): (Set<UInt8>, [UInt8]) = ([state], [state])
        var events: Set<Int> = []
        while let state = open.popLast() {
            for move in moves where move.from.contains(state) {
                if let event = move.emits.flatMap({ world.events.firstIndex(of: $0) }) { events.insert(event) }
                if reached.insert(move.to).inserted { open.append(move.to) }
            }
        }
        return events
    }

    /// Whether some saga does anything but ignore the event, whatever its payload.
    private mutating func changesInstance(_ event: Int) -> Bool {
        for saga in world.sagas.indices {
            let instance = layout.instances[saga].read(buffers.state)
            for code in tables[saga].codes.indices {
                guard case .event(event, step: _, payload: _) = tables[saga].codes[code] else { continue }
                let decision = decide(saga, instance, code)
                if !tables[saga].decided[decision].isIgnored { return true }
            }
        }
        return false
    }
}
