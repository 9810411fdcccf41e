extension Decision {
    /// Holds the participant's commands and stops their clocks.
    mutating func pause(_ participant: String) {
        guard let bit = bit(of: participant) else { return ignore(.notExpected) }
        instance.pausedParticipants |= bit
        for index in instance.pending.indices {
            let pending = instance.pending[index]
            guard call(of: pending)?.participant == participant else { continue }
            switch pending.state {
            case .asking: stopClock(index, as: .heldAsking)
            case .backingOff: stopClock(index, as: .heldBackingOff)
            case .heldUnsent, .heldAsking, .heldBackingOff, .stuckInSilence, .stuckRefused, .stuckInDoubt: continue
            }
        }
    }

    private mutating func stopClock(_ pendingIndex: Int, as state: Pending.State) {
        if let due = instance.pending[pendingIndex].dueMilliseconds {
            actions.append(.cancelTimer(turn(of: instance.pending[pendingIndex])))
            instance.pending[pendingIndex].dueMilliseconds = max(due - milliseconds, 0)
        }
        instance.pending[pendingIndex].state = state
    }

    /// Sends what was held and lets the clocks run on from where they stood.
    mutating func resume(_ participant: String) {
        guard let bit = bit(of: participant) else { return ignore(.notExpected) }
        instance.pausedParticipants &= ~bit
        for index in instance.pending.indices {
            let pending = instance.pending[index]
            guard call(of: pending)?.participant == participant else { continue }
            switch pending.state {
            case .heldUnsent: send(index)
            case .heldAsking: startClock(index, as: .asking)
            case .heldBackingOff: startClock(index, as: .backingOff)
            case .asking, .backingOff, .stuckInSilence, .stuckRefused, .stuckInDoubt: continue
            }
        }
    }

    private mutating func startClock(_ pendingIndex: Int, as state: Pending.State) {
        instance.pending[pendingIndex].state = state
        setTimer(ofPending: pendingIndex, after: instance.pending[pendingIndex].dueMilliseconds)
    }

    private func bit(of participant: String) -> UInt64? {
        definition.participantNames.firstIndex(of: participant).map { 1 << UInt64($0) }
    }
}
