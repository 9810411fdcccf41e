/// Up to the commit.
extension DeliveryMachine {
    package mutating func begin() -> Action {
        expect(.idle)
        phase = .opening
        return .open
    }

    /// The claim is through.
    ///
    /// - Parameters:
    ///   - duplicates: the members whose id was in the inbox, with whether a reply is stored.
    ///   - fences: the states of the fence rows, for new members that have a direction.
    package mutating func opened(duplicates: [Int: Bool], fences: [Int: FenceState]) -> Action {
        expect(.opening)
        var decisions: [Int: FenceDecision] = [:]
        for place in members.indices {
            if let hasReply = duplicates[place] {
                progress[place] = .duplicate(hasReply: hasReply)
                continue
            }
            let state = fences[place] ?? .new
            let decision = members[place].direction.map { FenceRule.decide($0, at: state) } ?? .run
            progress[place] = .running(decision, state)
            decisions[place] = decision
        }
        if decisions.isEmpty {
            phase = .closing
            return .close
        }
        runningCount = decisions.count
        phase = .handling
        return .handle(decisions)
    }

    /// A handler, or a fixed answer in its place, is through.
    ///
    /// - Returns: what comes next; nil while others still run.
    package mutating func handled(_ place: Int, _ result: HandlerResult) -> Action? {
        // The run was given up while this one still ran.
        if phase == .ended { return nil }
        expect(.handling)
        guard case .running(let decision, let state) = progress[place] else {
            preconditionFailure("member \(place) was handled twice")
        }
        progress[place] = .handled(decision, state, result)
        runningCount -= 1
        if runningCount > 0 { return nil }
        phase = .committing
        return .commit(fences: fencesAfterwards())
    }

    /// Something failed before the commit was sent, or the commit was refused: nothing of the run is there. It may not even
    /// have begun, where no connection was to be had.
    package mutating func failed(_ end: RunEnd) -> Action? {
        switch phase {
        case .idle, .opening, .handling, .closing, .committing:
            phase = .ended
            return .abort(end)
        case .ended: return nil
        case .settling: preconditionFailure("nothing can fail while \(phase)")
        }
    }

    /// The connection broke after the commit was sent and before its answer came. What closes a run that wrote nothing is a
    /// commit, too.
    package mutating func commitUnknown() -> Action {
        precondition(phase == .committing || phase == .closing, "the run is \(phase), no commit was sent")
        phase = .ended
        return .abandon(rowsInDoubt: rowCount)
    }

    private func fencesAfterwards() -> [Int: FenceState] {
        var fences: [Int: FenceState] = [:]
        for place in members.indices {
            guard let direction = members[place].direction,
                case .handled(let decision, let state, let result) = progress[place]
            else { continue }
            let next = FenceRule.state(after: direction, decision, at: state, result.answer)
            let written = state == .new ? FenceRule.expectation(of: direction) : state
            if next != written { fences[place] = next }
        }
        return fences
    }

    var rowCount: Int {
        progress.reduce(0) { sum, progress in
            if case .handled(_, _, let result) = progress { sum + result.rows } else { sum }
        }
    }

    func expect(_ wanted: Phase) {
        precondition(phase == wanted, "the run is \(phase), not \(wanted)")
    }
}
