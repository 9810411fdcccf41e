extension Instance {
    /// Checks what the machine takes for granted of an instance that it made itself.
    ///
    /// A row may come from a backup, a hand or a fault of the disk: what does not fit is an error there, not a trap later.
    ///
    /// - Throws: ``FormatError`` with the place in the stored form.
    func check(by definition: CompiledDefinition) throws(FormatError) {
        let isThere = Int(stage) < definition.stages.count
        // One that is completed has gone past the last.
        guard isThere || (isOver && Int(stage) == definition.stages.count) else {
            throw FormatError(place: "stage", message: "is past the last of \(definition.definition.name)")
        }
        if trail.contains(0), definition.steps[0].do == nil {
            throw FormatError(place: "trail", message: "holds the start, which has no undo")
        }
        for (index, pending) in pending.enumerated() {
            guard let fault = pending.fault(at: definition.steps[Int(pending.step)]) else { continue }
            throw FormatError(place: "pending.\(index)", message: fault)
        }
        for (index, early) in early.enumerated() {
            let rules = definition.steps[Int(early.step)].wait?.rules ?? []
            guard !rules.contains(where: { $0.name == early.event.type }) else { continue }
            throw FormatError(place: "early.\(index)", message: "is no event that its step waits for")
        }
    }
}

extension Pending {
    /// What does not fit the step; nil if all does.
    fileprivate func fault(at step: CompiledStep) -> String? {
        if let dueMilliseconds, !Input.times.contains(dueMilliseconds) { return "is due at no time" }
        guard step.wait != nil else {
            return step.call(direction) == nil ? "has nothing to \(direction.rawValue)" : nil
        }
        guard direction == .do, request == .none else { return "sends, and its step waits for an event" }
        switch state {
        case .asking, .stuckInSilence, .stuckRefused, .stuckInDoubt: return nil
        case .backingOff, .heldUnsent, .heldAsking, .heldBackingOff: return "is held, and its step waits for an event"
        }
    }
}
