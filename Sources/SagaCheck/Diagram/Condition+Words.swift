import SagaModel

extension Condition {
    /// The condition as files spell it.
    package var words: String {
        switch self {
        case .equal(let left, let right): "\(left.words) == \(right.words)"
        case .notEqual(let left, let right): "\(left.words) != \(right.words)"
        case .less(let left, let right): "\(left.words) < \(right.words)"
        case .among(let needle, let hay): "\(needle.words) in [\(hay.map(\.words).joined(separator: ", "))]"
        case .exists(let path): "exists \(path)"
        case .and(let parts): parts.map(\.innerWords).joined(separator: " and ")
        case .or(let parts): parts.map(\.innerWords).joined(separator: " or ")
        case .not(let part): "not \(part.innerWords)"
        }
    }

    private var innerWords: String {
        switch self {
        case .and, .or: "(\(words))"
        case .equal, .notEqual, .less, .among, .exists, .not: words
        }
    }
}

extension Expression {
    fileprivate var words: String {
        switch self {
        case .path(let path): path.description
        case .literal(.string(let text)): "'\(text)'"
        case .literal(let value): CanonicalJSON.text(of: value)
        case .record(let members): "{" + members.map { "\($0.field): \($0.value.words)" }.joined(separator: ", ") + "}"
        case .list(let elements): "[" + elements.map(\.words).joined(separator: ", ") + "]"
        }
    }
}
