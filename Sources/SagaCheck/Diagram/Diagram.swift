package import SagaModel

/// A saga as a picture: its steps downwards, their undos upwards beside them, its ends below and above.
package struct Diagram: Sendable, Hashable {
    package var title: String
    package var nodes: [Node]
    package var edges: [Edge]

    /// What happened to a step in the run that is drawn.
    package enum Mark: String, Sendable, Hashable, CaseIterable {
        case plain
        case active
        case done
        case skipped
        case failed
        case inDoubt = "in-doubt"
        case undone
        case stuck
    }

    package struct Node: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable, CaseIterable {
            case start
            case check
            case compensatable
            case pivot
            case retriable
            case wait
            case undo
            case outcome
        }

        package var id: String
        package var label: String
        /// The command or event, or what the run says of it.
        package var detail: String
        package var kind: Kind
        package var mark: Mark
        /// Where it stands: rows from the top, columns from the left.
        package var row: Int
        package var column: Int
    }

    package struct Edge: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable, CaseIterable {
            case forward
            /// The step has failed, or is in doubt: what was done is undone.
            case failure
            case compensation
        }

        package var from: String
        package var to: String
        package var label: String
        package var kind: Kind
    }

    package func node(_ id: String) -> Node? {
        nodes.first { $0.id == id }
    }
}

extension Diagram {
    /// Draws a definition.
    package init(_ definition: Definition) {
        var builder = DiagramBuilder(definition)
        self = builder.build()
    }

    /// Draws a definition with a run on it.
    package init(_ definition: CompiledDefinition, run history: History) {
        var builder = DiagramBuilder(definition.definition)
        builder.run = RunMarks(history, of: definition)
        self = builder.build()
    }
}
