import SagaModel

/// Which data fields can change what a saga does next.
///
/// A field that no guard, no correlation and no assignment reads only ends up in payloads; instances that differ in
/// nothing else do the same for ever. The search takes them for one.
struct DataReading {
    private(set) var fields: Set<String> = []

    init(_ definition: Definition) {
        read(definition.start.set)
        for step in definition.steps {
            if let when = step.when { read(when) }
            for rule in step.on { read(rule.set) }
            if case .await(let wait) = step.action { read(.path(wait.correlation)) }
        }
        for outcome in definition.outcomes {
            if let when = outcome.when { read(when) }
        }
    }

    private mutating func read(_ assignments: [Assignment]) {
        for assignment in assignments { read(assignment.value) }
    }

    private mutating func read(_ expression: Expression) {
        switch expression {
        case .path(let path):
            if path.root == .data, let field = path.fields.first { fields.insert(field) }
        case .literal: break
        case .record(let assignments): read(assignments)
        case .list(let elements): for element in elements { read(element) }
        }
    }

    private mutating func read(_ condition: Condition) {
        switch condition {
        case .equal(let left, let right), .notEqual(let left, let right), .less(let left, let right):
            read(left)
            read(right)
        case .among(let needle, let hay): for expression in [needle] + hay { read(expression) }
        case .exists(let path): read(.path(path))
        case .and(let parts), .or(let parts): for part in parts { read(part) }
        case .not(let part): read(part)
        }
    }
}
