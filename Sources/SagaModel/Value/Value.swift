/// A value of a saga: what `data`, payloads and literals hold. There are no floats.
package enum Value: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case string(String)
    case list([Value])
    case record(Record)
}

/// Named values, held in the order of their names' UTF-8 bytes, each name once.
package struct Record: Sendable, Hashable {
    /// A name and its value.
    package struct Member: Sendable, Hashable {
        package var name: String
        package var value: Value

        package init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// The members, sorted by name.
    package private(set) var members: [Member]

    package init() {
        members = []
    }

    /// Takes members in any order; of two with the same name the later counts.
    package init(_ members: [Member]) {
        self.members = []
        self.members.reserveCapacity(members.count)
        for member in members { add(member.name, member.value) }
    }

    /// Members that come in order are not searched for.
    private mutating func add(_ name: String, _ value: Value) {
        if endsBelow(name) { append(name, value) } else { self[name] = value }
    }

    /// Takes members that are sorted by name already, each name once.
    init(sorted members: [Member]) {
        self.members = members
    }

    /// Reads nil for a name that is absent; writing nil removes it.
    package subscript(name: String) -> Value? {
        get {
            let index = firstIndex(notBelow: name)
            return isName(at: index, name) ? members[index].value : nil
        }
        set {
            let index = firstIndex(notBelow: name)
            switch (newValue, isName(at: index, name)) {
            case (let value?, true): members[index].value = value
            case (let value?, false): members.insert(Member(name: name, value: value), at: index)
            case (nil, true): members.remove(at: index)
            case (nil, false): break
            }
        }
    }

    /// Whether a name belongs behind all others; so it is with every name of canonical JSON as it is read.
    func endsBelow(_ name: String) -> Bool {
        members.last.map { Self.order($0.name, name) < 0 } ?? true
    }

    /// Adds a member behind all others.
    ///
    /// - Precondition: its name belongs there (``endsBelow(_:)``).
    mutating func append(_ name: String, _ value: Value) {
        members.append(Member(name: name, value: value))
    }

    /// Byte by byte, as the order is: `==` would take canonically equivalent names for one.
    private func isName(at index: Int, _ name: String) -> Bool {
        index < members.count && Self.order(members[index].name, name) == 0
    }

    /// Less than, equal to or greater than zero, as the bytes of `left` come before, equal or after those of `right`.
    private static func order(_ left: String, _ right: String) -> Int {
        let order = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { right in
                for index in 0..<min(left.count, right.count) where left[index] != right[index] {
                    return left[index] < right[index] ? -1 : 1
                }
                return left.count - right.count
            }
        }
        // Only text that came from outside Swift is not contiguous.
        guard let order, let order else {
            return left.utf8.elementsEqual(right.utf8) ? 0 : left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
        }
        return order
    }

    private func firstIndex(notBelow name: String) -> Int {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if Self.order(members[middle].name, name) < 0 {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

extension Record: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Value)...) {
        self.init(pairs: elements)
    }

    fileprivate init(pairs: [(String, Value)]) {
        members = []
        members.reserveCapacity(pairs.count)
        for (name, value) in pairs { add(name, value) }
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension Value: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Value)...) {
        self = .record(Record(pairs: elements))
    }
}
