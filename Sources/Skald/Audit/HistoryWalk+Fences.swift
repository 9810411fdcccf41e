import SagaModel

/// What a saga believes of its steps, held against what their participants did.
extension HistoryWalk {
    /// - Parameter fences: the states of the participants' fences, by step.
    func problems(with fences: [String: String]) -> [String] {
        // What a person settled by hand no participant knows of.
        guard instance.phase == .finished, !hasSkips else { return [] }
        return definition.steps.indices.dropFirst().compactMap { index in
            let step = definition.steps[index]
            guard step.undo != nil, let allowed = Self.allowed(instance.progress[index]) else { return nil }
            let found = fences[step.id] ?? "none"
            guard !allowed.contains(found) else { return nil }
            return "\(step.id) is \(instance.progress[index].rawValue), its participant says \(found)"
        }
    }

    /// - Returns: nil where the saga does not claim to know.
    private static func allowed(_ progress: Instance.Progress) -> [String]? {
        switch progress {
        case .done: ["done"]
        case .undone: ["undone", "fenced"]
        case .ahead, .skipped: ["none"]
        case .failed: ["none", "refused"]
        case .active, .inDoubt, .undoing: nil
        }
    }
}
