/// What happened to one instance: its inputs in order, and what was done about each.
///
/// The inputs alone give the instance again; the actions are kept so that a replay can tell whether today's definition
/// would have done the same.
package struct History: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package var input: Input
        package var actions: [Action]

        package init(input: Input, actions: [Action]) {
            self.input = input
            self.actions = actions
        }
    }

    /// The name of the definition that ran.
    package var definition: String
    package var version: Int
    /// The hash of its canonical form in hexadecimal; empty where unknown.
    package var hash: String
    package var entries: [Entry]

    package init(definition: String, version: Int, hash: String = "", entries: [Entry] = []) {
        self.definition = definition
        self.version = version
        self.hash = hash
        self.entries = entries
    }

    /// Runs the inputs through the definition and keeps what it does.
    package static func recording(_ inputs: [Input], of definition: CompiledDefinition, hash: String = "") -> History {
        var history = History(
            definition: definition.definition.name, version: definition.definition.version, hash: hash)
        var instance = Instance.unstarted
        for input in inputs {
            let decided = SagaMachine.decide(definition, instance, input)
            instance = decided.instance
            history.entries.append(Entry(input: input, actions: decided.actions))
        }
        return history
    }
}
