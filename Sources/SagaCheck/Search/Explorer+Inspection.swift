extension Explorer {
    /// Looks at a new state for what must never be.
    @inline(__always)
    mutating func inspect(_ index: Int) {
        for saga in tables.indices {
            let instance = layout.instances[saga].read(buffers.next)
            if tables[saga].summaries[instance].outcome >= 0 { inspectEnd(of: saga, instance, at: index) }
        }
    }

    /// What holds from the end of a saga on, whatever else is under way.
    private mutating func inspectEnd(of saga: Int, _ instance: Int, at index: Int) {
        if tables[saga].summaries[instance].isCompensated {
            for step in world.sagas[saga].steps.indices where leavesEffect(saga, step) {
                let fence = layout.fences[saga][step].read(buffers.next)
                if fence == Int(Fence.done.rawValue) { report(.effectLeft(saga: saga, step: step), at: index) }
            }
        }
        // Where several sagas meet, another one may have gone on from here; they are looked at when all have ended.
        guard world.sagas.count == 1 else { return }
        inspectLocks(world.sagas[saga].locks, in: buffers.next, at: index)
        if let outcome = brokenOutcome(of: saga, in: buffers.next) {
            report(.requirementBroken(saga: saga, outcome: outcome), at: index)
        }
    }

    private func leavesEffect(_ saga: Int, _ step: Int) -> Bool {
        guard step > 0, let call = world.sagas[saga].steps[step].do else { return false }
        return world.commands[call.command].changesState
    }

    /// What must hold when nothing can happen any more but moves of aggregates.
    mutating func inspectRest() {
        var haveAllEnded = true
        for saga in tables.indices {
            let summary = tables[saga].summaries[layout.instances[saga].read(buffers.state)]
            guard !summary.isOver else { continue }
            haveAllEnded = false
            if !canBeFreed { report(.neverEnds(saga: saga), at: parent) }
        }
        guard haveAllEnded, world.sagas.count > 1 else { return }
        inspectLocks(world.aggregates.map(\.pendingBits), in: buffers.state, at: parent)
        inspectLastWriters()
    }

    /// One of the sagas that wrote last must have its promise kept in full; so the end is one that the sagas could have
    /// come to one after the other, and no saga has overwritten half of what another did.
    private mutating func inspectLastWriters() {
        var writeCounts = [Int](repeating: 0, count: world.sagas.count)
        for aggregate in world.aggregates.indices {
            let writer = Int(value(of: aggregate, in: buffers.state).writer)
            if writer > 0 { writeCounts[writer - 1] += 1 }
        }
        let writers = writeCounts.indices.filter { writeCounts[$0] > 0 }
        guard let foremost = writers.max(by: { writeCounts[$0] <= writeCounts[$1] }) else { return }
        if writers.contains(where: { brokenOutcome(of: $0, in: buffers.state) == nil }) { return }
        if let outcome = brokenOutcome(of: foremost, in: buffers.state) {
            report(.requirementBroken(saga: foremost, outcome: outcome), at: parent)
        }
    }

    /// - Parameter locks: By aggregate, the states as a bit set that it must not be in.
    private mutating func inspectLocks(_ locks: [UInt64], in words: UnsafeMutablePointer<UInt64>, at index: Int) {
        for aggregate in world.aggregates.indices {
            let state = value(of: aggregate, in: words).state
            if locks[aggregate] & 1 << UInt64(state) != 0 { report(.lockLeft(aggregate: aggregate), at: index) }
        }
    }

    /// The outcome that the saga has come to, if what it requires does not hold.
    private func brokenOutcome(of saga: Int, in words: UnsafeMutablePointer<UInt64>) -> Int? {
        let outcome = Int(tables[saga].summaries[layout.instances[saga].read(words)].outcome)
        guard outcome >= 0, let requirement = world.sagas[saga].requirements[outcome] else { return nil }
        let holds = requirement.holds { aggregate in
            UInt8(truncatingIfNeeded: layout.aggregates[aggregate].state.read(words))
        }
        return holds ? nil : outcome
    }

    /// Keeps the first state of each violation, which is one with a shortest story.
    mutating func report(_ violation: Violation, at index: Int, by last: Occurrence? = nil) {
        guard purpose == .search, violations[violation] == nil else { return }
        violations[violation] = Sighting(number: violations.count, state: index, last: last)
        if violations.count >= limits.violationCountMax { interruption = .violations }
    }
}

/// Where a violation was seen: in a state, or in what happens last after it.
struct Sighting {
    /// How many violations were seen before.
    let number: Int
    let state: Int
    let last: Occurrence?
}
