/// A node of a parsed file: a scalar, a list or a mapping, with its place.
///
/// A scalar stays text until the format asks for something else: there is no implicit typing, so `no` is a word and
/// `007` is not a number by accident.
package struct Node: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// `isQuoted` tells a text literal from a word: `'5'` is text, `5` may be an integer where one is asked for.
        case scalar(String, isQuoted: Bool)
        case list([Node])
        case mapping([Entry])
    }

    /// One `key: value` of a mapping, in the order of the file.
    package struct Entry: Hashable, Sendable {
        package let key: Located<String>
        package let value: Node
    }

    package let content: Content
    package let mark: Mark

    /// What a person calls this node in a message.
    package var kindName: String {
        switch content {
        case .scalar("", isQuoted: false): "nothing"
        case .scalar(_, isQuoted: true): "quoted text"
        case .scalar(_, isQuoted: false): "a word"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The value of a key, if this is a mapping that has it.
    package subscript(key: String) -> Node? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key.value == key }?.value
    }
}
