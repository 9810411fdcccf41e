package import SagaModel

/// A definition that instances run by, with the hash that names its content.
package struct RegisteredDefinition: Sendable {
    package let hash: String
    package let compiled: CompiledDefinition

    package init(hash: String, compiled: CompiledDefinition) {
        self.hash = hash
        self.compiled = compiled
    }

    package var name: String { compiled.definition.name }
    package var version: Int { compiled.definition.version }

    /// Whether a step waits for events of others.
    var hasWaits: Bool { compiled.steps.contains { $0.wait != nil } }

    /// The types of events that its steps wait for, and the fields that say which of them.
    var awaitedEvents: [(type: String, field: String)] {
        compiled.steps.compactMap(\.wait).flatMap { wait in wait.rules.map { ($0.name, wait.key) } }
    }
}
