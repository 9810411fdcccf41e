/// The first place where a definition would have acted in another way than the history tells.
package struct Divergence: Sendable, Hashable {
    /// The entry's index.
    package var entry: Int
    /// The index of the first action that differs; may be one past the end of either list.
    package var action: Int
    /// What was done.
    package var recorded: [Action]
    /// What the definition does.
    package var replayed: [Action]
}

extension History {
    /// Runs the inputs through the definition and compares the actions.
    ///
    /// - Returns: The first divergence, nil when everything is the same.
    package func replay(with definition: CompiledDefinition) -> Divergence? {
        var instance = Instance.unstarted
        for index in entries.indices {
            let actions: [Action]
            // Given away, so that the machine changes it in place.
            (instance, actions) = SagaMachine.decide(definition, consume instance, entries[index].input)
            guard actions != entries[index].actions else { continue }
            let recorded = entries[index].actions
            let same = zip(recorded, actions).prefix { $0 == $1 }
            return Divergence(entry: index, action: Array(same).count, recorded: recorded, replayed: actions)
        }
        return nil
    }

    /// The instance after all inputs, and after each of them through `observe`.
    package func instance(
        with definition: CompiledDefinition, observe: (Int, Instance) -> Void = { _, _ in }
    ) -> Instance {
        var instance = Instance.unstarted
        for (index, entry) in entries.enumerated() {
            instance = SagaMachine.decide(definition, instance, entry.input).instance
            observe(index, instance)
        }
        return instance
    }
}
