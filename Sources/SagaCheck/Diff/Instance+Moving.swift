package import SagaModel

extension Instance {
    /// The instance as one of another definition, which must be of the same saga.
    ///
    /// Whether that is right is for ``DefinitionDiff`` to say; this only translates.
    ///
    /// - Parameter renames: Old step ids to new ones; ids that are not named stay.
    /// - Returns: Nil where the other definition lacks a step or field that the instance needs.
    package func moved(
        from old: CompiledDefinition, to new: CompiledDefinition, renames: [String: String]
    ) -> Instance? {
        func index(_ step: UInt8) -> UInt8? {
            let id = old.steps[Int(step)].id
            return new.index(ofStep: renames[id] ?? id).map { UInt8($0) }
        }
        var moved = self
        moved.progress = Array(repeating: .ahead, count: new.steps.count)
        for (step, value) in progress.enumerated() where value != .ahead {
            guard let target = index(UInt8(step)) else { return nil }
            moved.progress[Int(target)] = value
        }
        moved.trail = trail.compactMap(index)
        moved.pending = pending.compactMap { pending in
            index(pending.step).map { step in
                var pending = pending
                pending.step = step
                return pending
            }
        }
        moved.early = early.compactMap { early in index(early.step).map { EarlyEvent(step: $0, event: early.event) } }
        guard moved.trail.count == trail.count, moved.pending.count == pending.count, moved.early.count == early.count,
            let stage = movedStage(from: old, to: new, index: index)
        else { return nil }
        moved.stage = stage
        moved.data = new.slotNames.map { name in old.slotNames.firstIndex(of: name).flatMap { data[$0] } }
        moved.pausedParticipants = 0
        for (bit, name) in old.participantNames.enumerated() where pausedParticipants & 1 << UInt64(bit) != 0 {
            guard let target = new.participantNames.firstIndex(of: name) else { continue }
            moved.pausedParticipants |= 1 << UInt64(target)
        }
        return moved
    }

    private func movedStage(
        from old: CompiledDefinition, to new: CompiledDefinition, index: (UInt8) -> UInt8?
    ) -> UInt8? {
        guard Int(stage) < old.stages.count else { return UInt8(new.stages.count) }
        guard let first = old.stages[Int(stage)].branches.first?.first, let target = index(UInt8(first)) else {
            return nil
        }
        return UInt8(new.steps[Int(target)].stage)
    }
}
