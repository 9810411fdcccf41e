/// A place in a file, counted as editors count: the first character of a file is line 1, column 1.
package struct Mark: Hashable, Comparable, Sendable {
    package let line: Int
    package let column: Int

    package static let start = Mark(line: 1, column: 1)

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: Mark, right: Mark) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A value together with the place it was read from.
package struct Located<Value> {
    package let value: Value
    package let mark: Mark

    package init(_ value: Value, at mark: Mark) {
        self.value = value
        self.mark = mark
    }

    package func map<Mapped>(_ transform: (Value) -> Mapped) -> Located<Mapped> {
        Located<Mapped>(transform(value), at: mark)
    }
}

extension Located: Sendable where Value: Sendable {}
extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}
